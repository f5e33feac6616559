"""Small real file systems of our own, for disks that are really full, over their quota, or read-only. They need root."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import harness


class SmallVolume:
    """An ext4 of `mebibytes` in a file, mounted through a loop device."""

    def __init__(self, mebibytes):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-volume-"))
        self.image, self.path = self.folder / "image", self.folder / "mounted"
        self.path.mkdir()
        self.image.touch()
        os.truncate(self.image, mebibytes << 20)
        self.format()
        self.mount()

    def format(self):
        subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", self.image], check=True)

    def mount(self):
        subprocess.run(["mount", "-o", "loop,errors=remount-ro", self.image, self.path], check=True)

    def unmount(self):
        subprocess.run(["umount", "--lazy", self.path], check=False)

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

    def become_read_only(self):
        """What the kernel makes of an ext4 in which it finds an error."""
        device = os.path.basename(subprocess.run(["findmnt", "--noheadings", "--output", "SOURCE", self.path],
                                                 check=True, capture_output=True, text=True).stdout.strip())
        pathlib.Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("planted", encoding="ascii")

    def replace_with_mended_copy(self):
        """What an operator does then: another disk with a copy, checked, in its place."""
        self.unmount()
        copy = self.folder / "copy"
        shutil.copyfile(self.image, copy)
        subprocess.run(["/usr/sbin/e2fsck", "-f", "-y", copy], check=False, capture_output=True)
        copy.replace(self.image)
        self.mount()

    def close(self):
        self.unmount()
        shutil.rmtree(self.folder)


class QuotaVolume(SmallVolume):
    """A btrfs, whose quota binds root, too."""

    def format(self):
        subprocess.run(["mkfs.btrfs", "-q", "-M", self.image], check=True, capture_output=True)

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True)
        subprocess.run(["btrfs", "quota", "enable", self.path], check=True)

    def limit_to(self, what):
        """Bytes, or "none". A kernel may refuse even this with EDQUOT while writes that the quota refused are under way."""
        command = ["btrfs", "qgroup", "limit", str(what), self.path]
        harness.wait_until(lambda: subprocess.run(command, check=False).returncode == 0, f"the quota is {what}", 30)

    def used_bytes(self):
        subprocess.run(["sync", "--file-system", self.path], check=True)
        shown = subprocess.run(["btrfs", "qgroup", "show", "--raw", self.path], check=True, capture_output=True, text=True)
        return int(shown.stdout.splitlines()[-1].split()[1])


def can_mount():
    return os.geteuid() == 0 and pathlib.Path("/dev/loop-control").exists()


def has_file_system(name):
    return can_mount() and name in pathlib.Path("/proc/filesystems").read_text(encoding="ascii").split()
