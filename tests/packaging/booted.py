"""A Debian whose process 1 is a real systemd, in namespaces of its own on this machine."""
import os
import pathlib
import resource
import subprocess
import uuid

import debian_tree
from paths import ROOT

import harness

BOOT = ROOT / "tests/packaging/boot-systemd"
FILES_OF_THE_UNIT = 65536


def cgroup_root():
    """Where the host's cgroup2 is mounted; None where it is not."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        if line.split()[2] == "cgroup2":
            return pathlib.Path(line.split()[1])
    return None


class Booted:
    """A tree that runs. The network is the host's, so the stores of the tests are reached as from anywhere here."""

    def __init__(self, tree):
        self.tree = tree
        self.cgroup = cgroup_root() / f"twinlog-{uuid.uuid4()}"
        self.cgroup.mkdir()
        self.log = (tree.home / "boot.log").open("wb")
        self.process = subprocess.Popen([BOOT, tree.folder, self.cgroup], stdout=self.log, stderr=self.log)
        self.first = int(harness.wait_until(self.child, "systemd is there"))
        harness.wait_until(lambda: self.try_run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"),
                           "systemd has started everything")

    def child(self):
        assert self.process.poll() is None, (self.tree.home / "boot.log").read_text()
        return pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().strip()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        harness.wait_until(self.remove_cgroup, "all processes of the tree are gone")

    def remove_cgroup(self):
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
        return True

    def try_run(self, *command):
        inside = ["nsenter", f"--target={self.first}", "--mount", "--pid", "--uts", "--cgroup", "--root", "--wd"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return subprocess.run([*inside, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              env=environment)

    def run(self, *command):
        done = self.try_run(*command)
        assert done.returncode == 0, (command, done.returncode, done.stdout, self.journal())
        return done.stdout

    def journal(self):
        return self.try_run("journalctl", "--no-pager", "--output=cat", "--unit=twinlog.service", "--unit=twinlog.socket").stdout

    def state(self, name, unit="twinlog.service"):
        return self.try_run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def path(self, name):
        """A file of the running system, its mounts included."""
        return pathlib.Path(f"/proc/{self.first}/root") / name.lstrip("/")

    def signal_agent(self, number):
        """The main process's number there, and the signal sent to it."""
        main = self.state("MainPID")
        self.run("sh", "-c", f"kill -{int(number)} {main}")
        return main


def ready_tree(configuration, package):
    """A tree with the package and this configuration, to be booted. Its spool lies on a disk: an overlay is none."""
    tree = debian_tree.Tree(is_copy=True)
    tree.run("dpkg", "--install", tree.put(package))
    tree.path("etc/twinlog/twinlog.toml").write_text(configuration)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < FILES_OF_THE_UNIT:
        # This machine gives nobody as many as the unit asks for, not even process 1.
        drop_in(tree.folder, "files", f"LimitNOFILE={hard}")
    return tree


def drop_in(root, name, line):
    folder = pathlib.Path(root) / "etc/systemd/system/twinlog.service.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.conf").write_text(f"[Service]\n{line}\n")
