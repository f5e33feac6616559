"""Records all scenes, with a real agent each, and writes the *.test.yml of the alert rules."""
import contextlib
import os
import pathlib
import sys
import time

import paths
import alert_scenes
import alert_scenes_more
import alert_series
import small_volume

SCENES = (alert_scenes.well, alert_scenes.store_away, alert_scenes.full, alert_scenes.killed, alert_scenes.letters,
          alert_scenes.held, alert_scenes.lost, alert_scenes.damaged, alert_scenes_more.ahead, alert_scenes_more.incomplete,
          alert_scenes_more.senders, alert_scenes_more.peers, alert_scenes_more.slow_disk, alert_scenes_more.wrong_clock)


def record(with_audits=True, tell=print):
    """The recordings of every scene that this machine can play; those of the self-audit take two minutes."""
    with contextlib.ExitStack() as cleanup:
        servers = alert_scenes.Servers(cleanup)
        audits = alert_scenes_more.Audits(servers) if with_audits else None
        recordings = []
        for scene in (*SCENES, *([alert_scenes.volume] if small_volume.can_mount() else [])):
            began = time.monotonic()
            recordings.append(scene(servers))
            recordings[-1].agent.close()
            tell(f"{time.monotonic() - began:5.1f} s  {recordings[-1].name}", flush=True)
        return recordings + (audits.finish() if audits else [])


def main():
    target = pathlib.Path(sys.argv[1])
    if not small_volume.can_mount():
        sys.exit("record_series: a volume of its own needs root and loop devices; nothing was written")
    rules = os.path.relpath(alert_series.RULES, target.parent.resolve())
    target.write_text(alert_series.test_file(record(), rules))


if __name__ == "__main__":
    main()
