"""What the tests of packaging/clients have in common."""
import os

import paths
import harness

CLIENTS = paths.PACKAGING / "clients"
LANGUAGES = ("python", "go", "javascript", "java", "cpp")
# What the senders build, outside of the source tree; the compilers' own caches are the user's.
CACHE = paths.ROOT / "build" / "clients-cache"
# Where the machine has no Go that is new enough, packaging/install-deps has put one there.
GO_FOLDERS = [str(folder) for folder in sorted((paths.ROOT / "build" / "go").glob("**/bin")) if (folder / "go").exists()]
ENVIRONMENT = {**os.environ, "XDG_CACHE_HOME": str(CACHE), "GOCACHE": os.environ.get("GOCACHE", os.path.expanduser("~/.cache/go-build")),
               "GOTOOLCHAIN": "local", "PATH": os.pathsep.join([*GO_FOLDERS, os.environ["PATH"]])}


def new_agent(extra="", **environment):
    """An agent whose stores are away: it answers all the same, and its spool keeps everything."""
    return harness.Agent("postgresql://postgres@127.0.0.1:1/audit", "mongodb://127.0.0.1:1/audit", extra,
                         {"TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", **environment})
