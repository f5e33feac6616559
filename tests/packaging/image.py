"""The agent's image, built once for all tests of one binary, and what lies in it."""
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

import paths
import harness

BUILD = paths.PACKAGING / "oci/build"
KEPT = paths.ROOT / "build/packaging/image"


def build(out, **environment):
    return subprocess.run([BUILD, out], capture_output=True, text=True, check=False,
                          env={**os.environ, "TWINLOG_BINARY": str(harness.BINARY), **environment})


def built_from():
    digest = hashlib.sha256()
    for path in (harness.BINARY, *sorted(BUILD.parent.iterdir())):
        if path.is_file():
            digest.update(path.read_bytes())
    head = subprocess.run(["git", "-C", paths.ROOT, "rev-parse", "HEAD"], capture_output=True, check=False).stdout
    return hashlib.sha256(digest.digest() + head).hexdigest()


class Image:
    """An OCI layout, and its files unpacked beside it."""

    def __init__(self, layout):
        self.layout = layout
        index = json.loads((layout / "index.json").read_text())
        self.digest, self.tag = index["manifests"][0]["digest"], index["manifests"][0]["annotations"]
        self.manifest = json.loads(self.blob(self.digest).read_text())
        self.config = json.loads(self.blob(self.manifest["config"]["digest"]).read_text())

    def blob(self, digest):
        return self.layout / "blobs" / digest.replace(":", "/")

    def unpack(self, folder):
        for layer in self.manifest["layers"]:
            with tarfile.open(self.blob(layer["digest"])) as tar:
                tar.extractall(folder, numeric_owner=True)

    def tar_entries(self):
        entries = []
        for layer in self.manifest["layers"]:
            with tarfile.open(self.blob(layer["digest"])) as tar:
                entries += tar.getmembers()
        return entries


def kept():
    """The image of this binary and the folder of its root; made on the first call of any test."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, wanted = KEPT / "built-from", built_from()
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            for name in ("layout", "rootfs"):
                shutil.rmtree(KEPT / name, ignore_errors=True)
            done = build(KEPT / "layout")
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            Image(KEPT / "layout").unpack(KEPT / "rootfs")
            stamp.write_text(wanted)
    return Image(KEPT / "layout"), pathlib.Path(KEPT, "rootfs")
