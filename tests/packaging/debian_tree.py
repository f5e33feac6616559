"""Our packages and a bare Debian 12 to try them in, made once and kept in build/ for all tests of packaging."""
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from paths import PACKAGING, ROOT

import harness

KEPT = ROOT / "build/packaging-trees"
# Beside what the package depends on: a service manager, the bus that its tools ask it through, and a reader of the manual.
TOOLS = ("systemd", "systemd-sysv", "dbus", "man-db", "python3-minimal")

INSIDE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
          'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"')


def binary_folder():
    """The release build that is packed: that of TWINLOG_BINARY, where it stands in one."""
    folder = pathlib.Path(harness.BINARY).resolve().parent
    return folder if (folder / "CPackConfig.cmake").is_file() else ROOT / "build/release"


@contextlib.contextmanager
def only_one(name):
    """Files of tests run beside each other, and each needs what is made here."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield KEPT / name


def said_by(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def newest_source():
    """When something that a package is made from changed last."""
    files = [binary_folder() / "twinlog", binary_folder() / "CPackConfig.cmake", ROOT / "CHANGELOG.md",
             ROOT / "config/twinlog.toml.example", *PACKAGING.glob("cmake/*"), *ROOT.glob("docs/*")]
    for kind in ("deb", "package", "rpm", "systemd"):
        files += [path for path in (PACKAGING / kind).iterdir() if path.is_file()]
    return max(path.stat().st_mtime for path in files)


def packages(kind):
    """The folder with the packages that packaging/<kind>/build makes."""
    with only_one(kind) as folder:
        made = folder / "made"
        if not made.exists() or made.stat().st_mtime < newest_source():
            shutil.rmtree(folder, ignore_errors=True)
            said_by(PACKAGING / kind / "build", folder, "--binary-dir", binary_folder())
            made.touch()
        return folder


def the_package():
    return next(packages("deb").glob("twinlog_*.deb"))


def dependencies(package):
    """The names of the packages that one depends on, the first of each choice."""
    field = said_by("dpkg-deb", "--field", package, "Depends")
    return [re.match(r"[\w.+-]+", each.strip())[0] for each in field.split(",")]


def bare_tree():
    """The folder of a Debian 12 with all that the package depends on, and without it. Not to be written to."""
    wanted = sorted({*TOOLS, *dependencies(the_package())})
    with only_one("bookworm") as folder:
        holds = folder.with_suffix(".holds")
        if not holds.exists() or holds.read_text().split() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            said_by("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(wanted)}", "bookworm", folder)
            holds.write_text("\n".join(wanted))
        return folder


class Tree:
    """The bare tree with changes of its own: laid over it, or a copy where `is_copy` says so or the kernel cannot."""

    def __init__(self, is_copy=False):
        bare = bare_tree()
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tree-", dir=KEPT))
        self.folder, layers = self.home / "root", [self.home / "changes", self.home / "work"]
        for folder in (self.folder, *layers):
            folder.mkdir(mode=0o755)
        options = f"lowerdir={bare},upperdir={layers[0]},workdir={layers[1]}"
        self.is_mounted = not is_copy and subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.folder],
                                                         capture_output=True, check=False).returncode == 0
        if not self.is_mounted:
            said_by("cp", "--archive", "--reflink=auto", f"{bare}/.", self.folder)
        # What dpkg writes has to outlive nothing; a new machine gets its number at its first start.
        self.path("etc/dpkg/dpkg.cfg.d/unsafe").write_text("force-unsafe-io\n")
        self.path("etc/machine-id").write_text("")

    def path(self, name):
        return self.folder / name.lstrip("/")

    def run(self, *command, **options):
        """What a command prints that runs in the tree, and is to succeed."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return said_by(*INSIDE, self.folder, *command, env=environment, **options)

    def put(self, package):
        """Copies a package into the tree; its name there."""
        shutil.copy(package, self.path("root"))
        return f"/root/{package.name}"

    def owner(self, name):
        """"user:group mode" as the tree's own users have it."""
        return self.run("stat", "-c", "%U:%G %a", name).strip()

    def close(self):
        if self.is_mounted:
            said_by("umount", "--lazy", self.folder)
        shutil.rmtree(self.home, ignore_errors=True)


def with_version(package, version, folder, change=None):
    """The same package with another version; `change` gets the folder of its files."""
    tree = pathlib.Path(tempfile.mkdtemp(prefix="repack-", dir=folder))
    try:
        said_by("dpkg-deb", "--raw-extract", package, tree)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
        if change:
            change(tree)
        made = pathlib.Path(folder, f"twinlog_{version}.deb")
        said_by("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, made)
        return made
    finally:
        shutil.rmtree(tree)


def is_root():
    return os.geteuid() == 0
