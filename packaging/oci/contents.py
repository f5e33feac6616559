"""What lies in the image: the binary, the libraries it loads, and the few files that those read."""
import functools
import io
import os
import pathlib
import re
import subprocess
import tarfile

CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
USER = 65532
DOCS = "usr/share/doc/twinlog"
# libpq asks for the name of the user when an address has none.
PASSWD = f"""root:x:0:0:root:/:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
twinlog:x:{USER}:{USER}:twinlog:/var/lib/twinlog:/usr/sbin/nologin
"""
GROUP = f"root:x:0:\nnogroup:x:65534:\ntwinlog:x:{USER}:\n"
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"
# What is compiled into the binary and leaves no library behind, by its package.
COMPILED_IN = ("libboost1.81-dev", "libcli11-dev", "rapidjson-dev")


class Refused(Exception):
    """The image cannot be built from what is here."""


def versions_of(binary):
    """What the binary says of itself: twinlog, revision, rocksdb and so on."""
    text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"^([a-z ]+?):? ([\w.+/-]+)", text, re.M))
    if "twinlog" not in found or "revision" not in found:
        raise Refused(f"`{binary} --version` names no version and revision: is it twinlog?")
    return found


def libraries_of(binary):
    """Where the dynamic loader finds what the binary needs, the loader itself among them: path -> file on this system."""
    text = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    missing = re.findall(r"^\s*(\S+) => not found", text, re.M)
    if missing:
        raise Refused(f"libraries are missing: {', '.join(missing)}; run packaging/install-deps")
    names = re.findall(r"(?:=> |^\s*)(/\S+) \(0x", text, re.M)
    return {in_usr(name): pathlib.Path(name).resolve() for name in sorted(names)}


def in_usr(name):
    """/lib is a link to /usr/lib in the image, as on Debian."""
    path = str(pathlib.Path(os.path.realpath(os.path.dirname(name)), os.path.basename(name)))
    if path.startswith("/lib"):
        path = "/usr" + path
    if not path.startswith("/usr/lib"):
        raise Refused(f"{name}: the loader of the image looks into /usr/lib only; build the image on a plain Debian 12")
    return path


class Root:
    """The image's only layer: names in order, one time, owners by number."""

    def __init__(self, epoch):
        self.epoch, self.entries = epoch, {}

    def _add(self, name, kind, mode, content=b"", link="", owner=0):
        for parent in pathlib.PurePosixPath(name).parents:
            if str(parent) != "." and str(parent) not in self.entries:
                self.folder(str(parent))
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(content), link
        entry.uid = entry.gid = owner
        entry.mtime = self.epoch
        self.entries[name] = (entry, content)

    def folder(self, name, mode=0o755, owner=0):
        self._add(name, tarfile.DIRTYPE, mode, owner=owner)

    def file(self, name, content, mode=0o644):
        self._add(name, tarfile.REGTYPE, mode, content.encode() if isinstance(content, str) else content)

    def link(self, name, target):
        self._add(name, tarfile.SYMTYPE, 0o777, link=target)

    def write(self, path):
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            for _, (entry, content) in sorted(self.entries.items()):
                tar.addfile(entry, io.BytesIO(content))


def write_root(tar, sources, binary, libraries, bill, epoch):
    root = Root(epoch)
    for name in ("lib", "lib64"):
        root.folder(f"usr/{name}")
        root.link(name, f"usr/{name}")
    root.file("usr/bin/twinlog", binary.read_bytes(), 0o755)
    for name, path in libraries.items():
        root.file(name.lstrip("/"), path.read_bytes(), 0o755)
    root.file("etc/passwd", PASSWD)
    root.file("etc/group", GROUP)
    root.file("etc/nsswitch.conf", NSSWITCH)
    root.file("etc/os-release", pathlib.Path("/etc/os-release").read_bytes())
    root.file(str(CERTIFICATES).lstrip("/"), CERTIFICATES.read_bytes())
    # Where OpenSSL looks when nothing names a file.
    root.link("usr/lib/ssl/cert.pem", str(CERTIFICATES))
    root.link("usr/lib/ssl/certs", str(CERTIFICATES.parent))
    root.folder("etc/twinlog")
    root.folder("tmp", 0o1777)
    root.folder("run/twinlog", 0o750, USER)
    root.folder("var/lib/twinlog", 0o700, USER)
    for name in ("LICENSE", "config/twinlog.toml.example"):
        root.file(f"{DOCS}/{pathlib.Path(name).name}", (sources / name).read_bytes())
    root.file(f"{DOCS}/sbom.cdx.json", bill)
    for package in files_of_packages(libraries):
        # Licences go with what they license; scanners of images find packages in status.d.
        name = package.split(":")[0]
        root.file(f"usr/share/doc/{name}/copyright", pathlib.Path(f"/usr/share/doc/{name}/copyright").read_bytes())
        root.file(f"var/lib/dpkg/status.d/{name}", query("-s", package))
    root.write(tar)


def query(*words):
    return subprocess.run(["dpkg-query", *words], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


@functools.lru_cache(None)
def owners(paths):
    """file -> the package that brought it; dpkg knows files of /lib by the name before that became a link."""
    names = [name for path in paths for name in (path, path.removeprefix("/usr"))]
    said = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True, check=False).stdout
    packages = {name: package for package, name in (line.split(": ", 1) for line in said.splitlines())}
    found = {path: packages.get(path) or packages.get(path.removeprefix("/usr")) for path in paths}
    unknown = [path for path in paths if not found[path]]
    if unknown:
        raise Refused(f"no Debian package brought {', '.join(unknown)}: the list of what is in the image would be wrong")
    return found


def files_of_packages(libraries):
    """package -> the files of it that are in the image."""
    found = {"ca-certificates": [str(CERTIFICATES)]}
    packages = owners(tuple(str(path) for path in libraries.values()))
    for name, path in libraries.items():
        found.setdefault(packages[str(path)], []).append(name)
    return dict(sorted(found.items()))
