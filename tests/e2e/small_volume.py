"""A small real file system of our own, for disks that are really full."""
import os
import pathlib
import subprocess
import tempfile


class SmallVolume:
    """An ext4 of `mebibytes` in a file, mounted through a loop device. Needs root."""

    def __init__(self, mebibytes):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-volume-"))
        self.image, self.path = self.folder / "image", self.folder / "mounted"
        self.path.mkdir()
        self.image.touch()
        os.truncate(self.image, mebibytes << 20)
        subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", self.image], check=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True)

    def free_bytes(self):
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def fill(self):
        """What a careless neighbour does: a file that takes all that is left."""
        with open(self.path / "neighbour", "ab", buffering=0) as file:
            for size in (1 << 20, 4096, 512):
                try:
                    while True:
                        file.write(b"\xa5" * size)
                except OSError:
                    continue

    def empty(self):
        (self.path / "neighbour").unlink()

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=False)
        self.image.unlink()
        self.path.rmdir()
        self.folder.rmdir()


def can_mount():
    return os.geteuid() == 0 and pathlib.Path("/dev/loop-control").exists()
