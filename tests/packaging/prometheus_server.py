"""A real Prometheus on loopback that scrapes one agent by the configuration and rules of packaging/prometheus."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request

import harness
from paths import PACKAGING, ROOT

EXAMPLE_TARGET = "127.0.0.1:9464"


def program(name):
    """Of packaging/install-deps --tests, or the machine's own; None where there is none."""
    built = ROOT / "build/promtool" / name
    return str(built) if built.exists() else shutil.which(name)


class Prometheus:
    """The files of packaging/prometheus with three substitutions, as a test has seconds where an operator has minutes: the
    target is the agent of the test, scrapes and evaluations are one second apart, and each `for:` is one second."""

    def __init__(self, target):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-prometheus-"))
        self.port, self.process = harness.free_port(), None
        config = (PACKAGING / "prometheus/prometheus.yml").read_text()
        rules = (PACKAGING / "prometheus/twinlog.rules.yml").read_text()
        assert EXAMPLE_TARGET in config and "15s" in config and re.search(r"^ +for: \d+m$", rules, re.M)
        (self.folder / "prometheus.yml").write_text(config.replace(EXAMPLE_TARGET, target).replace("15s", "1s"))
        (self.folder / "twinlog.rules.yml").write_text(re.sub(r"^( +for:) \d+m$", r"\1 1s", rules, flags=re.M))

    def start(self):
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [program("prometheus"), f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        harness.wait_until(self.is_ready, "Prometheus is ready")
        return self

    def is_ready(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return self.get("/-/ready")
        except OSError:
            return None

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return response.read()

    def ask(self, path, **parameters):
        """The data of an answer of the API; anything but success is an error."""
        words = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        answer = json.loads(self.get(f"/api/v1/{path}{words}"))
        assert answer["status"] == "success" and not answer.get("warnings"), answer
        return answer["data"]

    def firing(self):
        return {(alert["labels"]["alertname"], alert["labels"].get("store")): alert for alert in self.ask("alerts")["alerts"]
                if alert["state"] == "firing"}

    def wait_firing(self, name, store=None):
        return harness.wait_until(lambda: self.firing().get((name, store)), f"{name} fires for {store}")

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
