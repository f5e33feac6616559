"""Certificates for the tests, made on the spot by openssl: an authority, and what it signs."""
import pathlib
import shutil
import subprocess
import tempfile


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """A certificate authority in a temporary folder; `root` is its certificate."""

    def __init__(self, name="twinlog test authority"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-authority-"))
        self.root, self.key, self.made = self.folder / "root.crt", self.folder / "root.key", 0
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.root)
        self.folder.chmod(0o755)

    def certificate(self, names="IP:127.0.0.1,DNS:localhost", days=2):
        """(certificate, key) for these subjectAltNames; `days` below 0: it has ended already."""
        self.made += 1
        stem = self.folder / f"server{self.made}"
        certificate, key, request, extras = (stem.with_suffix(end) for end in (".crt", ".key", ".csr", ".ext"))
        extras.write_text(f"subjectAltName={names}\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                "/CN=a server of the tests", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.root, "-CAkey", self.key, "-CAcreateserial", "-days", days,
                "-extfile", extras, "-out", certificate)
        return certificate, key

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
