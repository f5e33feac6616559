"""Containers under runc, as hardened as Kubernetes' profile "restricted": no capability, no new privileges, the default
seccomp filter, a read-only root, namespaces of their own."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import uuid

import paths  # noqa: F401
import harness

PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")
WITHOUT_ROOT = "containers with users of their own are made by root alone: run this file as root"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def seccomp():
    """The default profile of podman and CRI-O in the form that runc takes, for a process without capabilities."""
    profile = json.loads(PROFILE.read_text())
    machine = ARCHITECTURES[os.uname().machine]
    rules = []
    for rule in profile["syscalls"]:
        includes, excludes = rule.get("includes", {}), rule.get("excludes", {})
        if includes.get("caps") or machine in excludes.get("arches", ()):
            continue
        if "arches" in includes and machine not in includes["arches"]:
            continue
        rules.append({key: value for key, value in rule.items() if key in ("names", "action", "args", "errnoRet") and value})
    names = [entry for entry in profile["archMap"] if entry["architecture"].endswith(os.uname().machine.upper())]
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile.get("defaultErrnoRet", 1),
            "architectures": [names[0]["architecture"], *(names[0].get("subArchitectures") or ())], "syscalls": rules}


def bind(source, target, read_only=False):
    return {"type": "bind", "source": str(source), "destination": target,
            "options": ["bind", "nosuid", "nodev", "ro" if read_only else "rw"]}


class Container:
    """One container of the image; its log is a file, its state lies in the test's folder."""

    def __init__(self, folder, image, rootfs, arguments, mounts, user=None):
        self.folder = pathlib.Path(folder)
        self.bundle = self.folder / f"bundle-{uuid.uuid4().hex[:8]}"
        self.bundle.mkdir()
        self.name = f"twinlog-{uuid.uuid4().hex[:12]}"
        self.log = self.bundle / "log"
        self.process = None
        subprocess.run(["runc", "spec", "--bundle", self.bundle], check=True)
        config = json.loads((self.bundle / "config.json").read_text())
        told = image.config["config"]
        uid, gid = map(int, (user or told["User"]).split(":"))
        config["process"] = {
            "terminal": False, "user": {"uid": uid, "gid": gid, "additionalGids": []},
            "args": [*told["Entrypoint"], *(arguments or told["Cmd"])], "env": told["Env"],
            "cwd": told["WorkingDir"], "noNewPrivileges": True,
            "capabilities": {kind: [] for kind in ("bounding", "effective", "permitted", "ambient")},
        }
        config["root"] = {"path": str(rootfs), "readonly": True}
        config["mounts"] += mounts
        config["linux"]["seccomp"] = seccomp()
        config["linux"]["cgroupsPath"] = f"/{self.name}"
        (self.bundle / "config.json").write_text(json.dumps(config))

    def runc(self, *words, **options):
        return subprocess.run(["runc", "--root", str(self.folder / "runc"), *map(str, words)], capture_output=True, text=True,
                              check=False, **options)

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(["runc", "--root", str(self.folder / "runc"), "run", "--bundle", self.bundle,
                                             self.name], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def run(self, text=None):
        """Runs to the end: exit code, what it wrote to standard output, and to standard error."""
        done = self.runc("run", "--bundle", self.bundle, self.name, input=text)
        return done.returncode, done.stdout, done.stderr

    def execute(self, *words):
        """What a probe or a hook of Kubernetes does: a program in the running container."""
        return self.runc("exec", self.name, *words)

    def pid(self):
        state = self.runc("state", self.name)
        return json.loads(state.stdout)["pid"] if state.returncode == 0 else 0

    def status(self):
        lines = pathlib.Path(f"/proc/{self.pid()}/status").read_text().splitlines()
        return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}

    def kill(self, number=signal.SIGTERM):
        self.runc("kill", self.name, int(number))

    def wait(self):
        return self.process.wait(90)

    def stop(self, number=signal.SIGTERM):
        self.kill(number)
        return self.wait()

    def log_text(self):
        return self.log.read_text(errors="replace")

    def wait_ready(self):
        """Waits as a container beside it would: with `twinlog wait --ready` in it."""
        def answered():
            if self.process.poll() is not None:
                raise AssertionError(self.log_text())
            return self.execute("/usr/bin/twinlog", "wait", "--ready", "--timeout", "30s").returncode == 0
        harness.wait_until(answered, "the agent in the container is ready")

    def close(self):
        self.runc("delete", "--force", self.name)
        if self.process:
            self.process.wait(30)
        shutil.rmtree(self.bundle, ignore_errors=True)
