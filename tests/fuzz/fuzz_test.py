"""Runs every fuzz target from its kept corpus for a while; build them before with `cmake --build --preset fuzz`.

What a target finds beyond the kept corpus is thrown away, except for an input that shows a fault: that lies under
build/test-results/fuzz/, and is printed as base64. TWINLOG_LONG=1: 15 minutes each instead of 20 seconds."""
import base64
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
TARGETS = ROOT / "build/fuzz/tests/fuzz"
CORPUS = ROOT / "tests/fuzz/corpus"
ARTIFACTS = ROOT / "build/test-results/fuzz"
SECONDS = 900 if os.environ.get("TWINLOG_LONG") else 20
LEAST_UNITS = 300  # Far below what even a busy machine does in that time, far above the corpus.
# Longer configurations are only slower. The rest goes beyond the limits that are there: 8 KiB of metadata, 16 KiB of header.
INPUT_BYTES_MOST = {"configuration_fuzz": 1536, "planted_fault_fuzz": 4096}
INPUT_BYTES_USUAL = 20_480
TARGET_NAMES = ("event_json_fuzz", "socket_frames_fuzz", "configuration_fuzz", "spool_record_fuzz", "other_answers_fuzz",
                "ledger_leaf_fuzz", "ledger_text_fuzz")


def large_inputs(name):
    """Inputs at the limits, which a fuzzer that grows its inputs byte by byte would not reach in the time."""
    def event(size):
        return json.dumps({"tenant_id": "t", "event_type": "logout", "occurred_at": 1700000000000, "log_id": "l",
                           "metadata": {"a": [1, {"b": "y" * 40}], "c": "x" * size}}).encode()

    if name == "event_json_fuzz":
        return [event(size) for size in (8100, 8192, 16_000)]
    if name == "socket_frames_fuzz":
        head = b"\x01POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX: "
        return [head + b"h" * size + b"\r\nContent-Length: 2\r\n\r\n[]" for size in (16_200, 16_384, 17_000)]
    return []


def run_target(name, seconds=SECONDS):
    """(exit code, executed units, output, artifacts)"""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    before = set(ARTIFACTS.glob(f"{name}-*"))
    scratch = tempfile.mkdtemp(prefix="twinlog-fuzz-")
    try:
        for number, text in enumerate(large_inputs(name)):
            pathlib.Path(scratch, f"large-{number}").write_bytes(text)
        done = subprocess.run(
            [TARGETS / name, scratch, *([CORPUS / name] if (CORPUS / name).is_dir() else []),
             f"-max_total_time={seconds}",
             f"-max_len={INPUT_BYTES_MOST.get(name, INPUT_BYTES_USUAL)}", "-timeout=60", "-rss_limit_mb=2048",
             "-print_final_stats=1",
             f"-artifact_prefix={ARTIFACTS}/{name}-"], capture_output=True, check=False, timeout=seconds + 300)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    output = done.stderr.decode(errors="replace")
    units = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    return done.returncode, int(units[1]) if units else 0, output, sorted(set(ARTIFACTS.glob(f"{name}-*")) - before)


def report_of(name, output, artifacts):
    """What somebody needs to see the fault again."""
    lines = [line for line in output.splitlines() if re.search("does not hold|ERROR|runtime error|SUMMARY|Seed:|^---",
                                                               line)]
    for path in artifacts:
        lines += [f"{path}: build/fuzz/tests/fuzz/{name} {path}", base64.b64encode(path.read_bytes()).decode()]
    return "\n".join([name, *lines, output[-3000:]])


class FuzzTargets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
            cls.found = dict(zip(TARGET_NAMES, workers.map(run_target, TARGET_NAMES)))

    def check(self, name):
        code, units, output, artifacts = self.found[name]
        self.assertEqual(code, 0, report_of(name, output, artifacts))
        self.assertGreater(units, LEAST_UNITS, output[-2000:])
        print(f"{name}: {units} inputs in {SECONDS} s")

    def test_any_bytes_as_an_event_are_normalised_or_refused_in_our_words(self):
        self.check("event_json_fuzz")

    def test_any_pieces_of_any_bytes_on_a_connection_give_the_same_answers(self):
        self.check("socket_frames_fuzz")

    def test_any_configuration_is_loaded_or_refused_without_showing_a_secret(self):
        self.check("configuration_fuzz")

    def test_any_spool_value_decodes_to_what_was_encoded_or_not_at_all(self):
        self.check("spool_record_fuzz")

    def test_any_answer_of_a_stranger_is_read_or_refused_by_the_commands(self):
        self.check("other_answers_fuzz")

    def test_any_leaf_and_salts_are_read_as_they_would_be_written_or_refused(self):
        self.check("ledger_leaf_fuzz")

    def test_any_note_trust_file_archive_proof_and_disclosure_is_read_as_it_would_be_written_or_refused(self):
        self.check("ledger_text_fuzz")

    def test_a_planted_fault_is_found_and_reported(self):
        code, _, output, artifacts = run_target("planted_fault_fuzz", seconds=60)
        self.assertNotEqual(code, 0)
        report = report_of("planted_fault_fuzz", output, artifacts)
        self.assertIn("does not hold: no input begins with the planted word", report)
        self.assertEqual(len(artifacts), 1)
        self.assertIn(base64.b64encode(artifacts[0].read_bytes()).decode(), report)
        self.assertTrue(artifacts[0].read_bytes().startswith(b"twin"))
        artifacts[0].unlink()


if __name__ == "__main__":
    unittest.main()
