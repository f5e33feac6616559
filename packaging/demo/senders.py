"""The two ways into the agent: HTTP as a web service would, the Unix socket through `twinlog send`."""
import collections
import json
import subprocess
import urllib.error
import urllib.request


class SendError(Exception):
    """The agent did not take what was sent; the text says what it answered."""


def send_http(port, events):
    """Posts all events in one request. Sets the log_id that the agent made where an event had none.

    Returns how often each status was answered; the answer means that the events are on disk.
    """
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/events", json.dumps(events).encode(),
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            answers = json.load(response)["results"]
    except urllib.error.HTTPError as error:
        raise SendError(f"HTTP {error.code}: {error.read(2000).decode(errors='replace')}") from error
    except OSError as error:
        raise SendError(f"the agent's HTTP port {port} does not answer: {error}") from error
    statuses = collections.Counter(answer["status"] for answer in answers)
    if len(answers) != len(events) or statuses.keys() - {"stored", "duplicate"}:
        raise SendError(f"{len(events)} events were answered by {json.dumps(answers)}")
    for event, answer in zip(events, answers):
        event["log_id"] = answer["log_id"]
    return dict(statuses)


def send_socket(binary, socket_path, file, events):
    """Sends events, which carry their log_ids, as lines; returns what `twinlog send` says about it."""
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    done = subprocess.run([binary, "send", "--socket", socket_path, file], stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    if done.returncode != 0:
        raise SendError(f"twinlog send ended with {done.returncode}: {done.stdout}")
    return done.stdout.strip()
