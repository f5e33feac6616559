"""System calls that answer as no machine of ours does: a library to be preloaded, built of a few lines of C. A fake, for
what real parts cannot be made to show."""
import pathlib
import subprocess
import tempfile


def library(add_cleanup, source):
    """Its path, until the cleanup."""
    folder = tempfile.TemporaryDirectory(prefix="twinlog-faked-")
    add_cleanup(folder.cleanup)
    code, built = pathlib.Path(folder.name, "faked.c"), pathlib.Path(folder.name, "faked.so")
    code.write_text(source)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", built, code], check=True)
    return str(built)
