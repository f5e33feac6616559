#!/usr/bin/python3
"""Checks the shape of the house: layers, third-party headers, file sizes, function sizes of scripts.

    tests/lint/house.py [ROOT]

Layers come from DEPENDS of every twinlog_library() in the CMakeLists.txt files: a folder may include only what it names
there, directly or through others, and there are no cycles. A third-party header stands only in the folders that
THIRD_PARTY names, and never in a header that a folder includes which may not have it. A type has a name of its own in its namespace: two
of one name in two headers are linked into one, and each half of the process works with the wrong one. Files have at most
400 lines, functions of Python at most 60 (functions of C++ are measured by clang-tidy, readability-function-size). Code
and docs set what PostgreSQL calls a setting for a transaction only (SET LOCAL): a session's leaks through a pooler to the
next client, as tests/e2e/pooler_test.py shows. Folders at the top are listed here, what a merge or an editor leaves is no
file of ours, and nothing points at a page that a clone does not have. One line per fault; exit 1 if any.
"""
import ast
import pathlib
import re
import subprocess
import sys

FILE_LINES_MOST = 400
FUNCTION_LINES_MOST = 60
CODE = {".cpp", ".h", ".py", ".sh", ".cmake", ".go", ".java"}

# Which folders may use which library. What is not listed here is not used.
THIRD_PARTY = {
    "rocksdb/": {"spool"},
    "double-conversion/": {"ledger/record"},
    "libpq-fe.h": {"plugins/postgres"},
    "mongoc/": {"plugins/mongodb"},
    "bson/": {"plugins/mongodb"},
    "boost/crc.hpp": {"spool"},
    "boost/": {"agent/net/loop", "agent/net/http", "agent/net/intake", "agent/net/admin", "agent/cli"},
    "toml++/": {"config"},
    "spdlog/": {"agent/observe"},
    "prometheus/": {"agent/observe"},
    "CLI/": {"agent/main"},
    "rapidjson/": {"ledger/record", "plugins/exports", "agent/net/intake", "agent/cli", "agent/observe"},
    "utf8proc.h": {"ledger/record", "agent/observe"},
    "openssl/": {"ledger/base", "ledger/leaf", "ledger/note", "agent/notary"},
}
# Headers of the C++ library, of C and POSIX (with .h), and of folders that only the system has.
CPP_HEADERS = """
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
    clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef
    cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format
    forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits
    list locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex
    scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf
    string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version cxxabi.h
""".split()
C_HEADERS = """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
    stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype dirent dlfcn fcntl
    fnmatch ftw glob grp iconv langinfo libgen mqueue netdb poll pthread pwd regex sched search semaphore spawn
    strings syslog termios unistd utime wordexp endian byteswap alloca link elf malloc mntent paths
""".split()
SYSTEM_HEADERS = {*CPP_HEADERS, *(name + ".h" for name in C_HEADERS)}
SYSTEM_FOLDER = re.compile(r"^(?:sys|netinet|arpa|linux|net|sanitizer)/[a-z_0-9]+\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)
NAMESPACE = re.compile(r"namespace ([\w:]*) *\{|(\}) *// namespace")
# Of another's types; no comment names their end.
DECLARATIONS = re.compile(r"^namespace [\w:]+ \{\n(?:(?:class|struct) \w+;\n)+\}.*\n", re.M)
TYPE = re.compile(r"(?:struct|class|enum|enum class) (\w+)(?: final)?(?: :[^;]*)? *\{")
LIBRARY = re.compile(r"twinlog_library\(\s*(\w+)(.*?)\)", re.S)
# What a session would keep; tests may, to show what comes of it. (SET of a function or a role is no session's.)
SESSION_SETTING = re.compile(r"""\bSET\s+(?:SESSION\s+)?(?:twinlog\.\w+|\w+_timeout|synchronous_commit|row_security)\s*(?:=|TO\b)
    |\bset_config\((?:[^()]|\([^()]*\))*,\s*false\s*\)|-c\s*twinlog\.""", re.I | re.X)
# What a clone does not have: pages and data that once lay beside the repository.
OUTSIDE = re.compile(r"\b[Cc]ontract(?:\.md)?,?\s+(?:(?://+|#)\s*)?sections?\b|\bcontract\.md\b|\bstores\.md\b|\.\./shared\b")

TOP_LEVEL = ("ledger", "config", "spool", "plugins", "agent")
# What else may stand at the top; a new folder is a decision.
OTHER_FOLDERS = {"docs", "packaging", "tests", ".ci"}


def tracked_files(root):
    """Files git knows or would add; outside a checkout every file."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True,
                            check=False)
    if listed.returncode == 0 and listed.stdout:
        return [root / name for name in listed.stdout.splitlines() if (root / name).is_file()]
    return [path for path in root.rglob("*") if path.is_file() and "build" not in path.relative_to(root).parts]


def read_layers(root, files):
    """folder -> the folders it may include, itself among them; and faults (unknown names, cycles)."""
    folder_of, depends = {}, {}
    for path in files:
        if path.name != "CMakeLists.txt":
            continue
        for name, body in LIBRARY.findall(path.read_text()):
            folder_of[name] = path.parent.relative_to(root).as_posix()
            words = re.search(r"DEPENDS\s+([\w\s]*?)(?=\s+LIBRARIES|\s+SOURCES|$)", body)
            depends[name] = words.group(1).split() if words else []
    faults, reach = [], {}

    def visit(name, trail):
        if name in trail:
            faults.append(f"{folder_of[name]}/CMakeLists.txt: cycle: {' -> '.join((*trail, name))}")
            return set()
        if name not in folder_of:
            faults.append(f"CMakeLists.txt: {trail[-1]} depends on {name}, which is no twinlog_library")
            return set()
        if name not in reach:
            found = {folder_of[name]}
            for other in depends[name]:
                found |= visit(other, (*trail, name))
            reach[name] = found
        return reach[name]

    layers = {folder_of[name]: visit(name, ()) for name in folder_of}
    return layers, sorted(set(faults))


def third_party_rule(header):
    return next((prefix for prefix in THIRD_PARTY if header == prefix or
                 (prefix.endswith("/") and header.startswith(prefix))), None)


def check_includes(root, files, layers):
    faults, carries_third_party, included_from = [], {}, {}
    for path in files:
        name = path.relative_to(root).as_posix()
        if path.suffix not in (".cpp", ".h") or not name.startswith(TOP_LEVEL):
            continue
        folder = path.parent.relative_to(root).as_posix()
        for kind, header in INCLUDE.findall(path.read_text()):
            if kind == '"':
                target = pathlib.PurePosixPath(header).parent.as_posix()
                included_from.setdefault(header, set()).add(folder)
                if not target.startswith(TOP_LEVEL):
                    faults.append(f'{name}: "{header}" is not a full path from the root')
                elif not any(target == f or target.startswith(f + "/") for f in layers.get(folder, {folder})):
                    faults.append(f"{name}: {folder} may not include {header}: it does not depend on {target}")
                continue
            rule = third_party_rule(header)
            if rule is None:
                if header not in SYSTEM_HEADERS and not SYSTEM_FOLDER.match(header):
                    faults.append(f"{name}: <{header}> is of a library that tests/lint/house.py does not list")
            elif folder not in THIRD_PARTY[rule]:
                faults.append(f"{name}: <{header}> belongs into {', '.join(sorted(THIRD_PARTY[rule]))} only")
            elif path.suffix == ".h":
                carries_third_party[name] = header
    for name, header in carries_third_party.items():
        for user in included_from.get(name, set()) - THIRD_PARTY[third_party_rule(header)]:
            faults.append(f"{name}: <{header}> reaches {user}; keep it in a .cpp")
    return faults


def check_types(root, files):
    """Types of one name in one namespace; a linker takes them for the same type without a word."""
    places = {}
    for path in files:
        name = path.relative_to(root).as_posix()
        if path.suffix != ".h" or not name.startswith(TOP_LEVEL):
            continue
        spaces = []
        for line in DECLARATIONS.sub("", path.read_text()).splitlines():
            if space := NAMESPACE.match(line):
                spaces = spaces[:-1] if space[2] else [*spaces, space[1]]
            elif kind := TYPE.match(line):
                places.setdefault("::".join([*spaces, kind[1]]), []).append(name)
    return [f"{names[1]}: {kind} is also a type of {names[0]}" for kind, names in places.items() if len(names) > 1]


def python_functions(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def is_python(path):
    if path.suffix == ".py":
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return re.match(rb"#!.*python3", file.readline()) is not None


def check_sizes(root, files):
    faults = []
    for path in files:
        name = path.relative_to(root).as_posix()
        python = is_python(path)
        if path.suffix not in CODE and not python:
            continue
        lines = path.read_text().count("\n")
        if lines > FILE_LINES_MOST:
            faults.append(f"{name}: {lines} lines; a file has at most {FILE_LINES_MOST}")
        if python:
            faults += [f"{name}:{line}: function {function} has {length} lines, at most {FUNCTION_LINES_MOST}"
                       for function, line, length in python_functions(path) if length > FUNCTION_LINES_MOST]
    return faults


def check_remains(root, files):
    return [f"{path.relative_to(root)}: what a tool left; take it out"
            for path in files if path.suffix in (".orig", ".rej", ".bak", ".swp")]


def check_folders(root, files):
    found = {path.relative_to(root).parts[0] for path in files if len(path.relative_to(root).parts) > 1}
    return [f"{name}/: no folder of this house (tests/lint/house.py lists them)"
            for name in sorted(found - set(TOP_LEVEL) - OTHER_FOLDERS)]


def check_references(root, files):
    """What a clone does not have must not be pointed at."""
    faults = []
    for path in files:
        name = path.relative_to(root).as_posix()
        if name in ("tests/lint/house.py", "tests/lint/house_test.py"):
            continue
        text = path.read_text(errors="replace")
        faults += [f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {found[0]!r} is nothing that a clone has; point into docs/"
                   for found in OUTSIDE.finditer(text)]
    return faults


def check_session_settings(root, files):
    faults = []
    for path in files:
        name = path.relative_to(root).as_posix()
        if name.startswith("tests/") and not name.startswith(("tests/oracle/", "tests/bench/")):
            continue
        text = path.read_text(errors="replace")
        faults += [f"{name}:{text.count(chr(10), 0, found.start()) + 1}: a setting for the session; use SET LOCAL"
                   for found in SESSION_SETTING.finditer(text)]
    return faults


def main():
    if len(sys.argv) > 2 or "--help" in sys.argv:
        print(__doc__)
        return 2
    root = pathlib.Path(sys.argv[1] if len(sys.argv) == 2 else pathlib.Path(__file__).parents[2]).resolve()
    files = tracked_files(root)
    layers, faults = read_layers(root, files)
    faults += check_includes(root, files, layers)
    faults += check_types(root, files)
    faults += check_sizes(root, files)
    faults += check_session_settings(root, files)
    faults += check_folders(root, files)
    faults += check_remains(root, files)
    faults += check_references(root, files)
    print("\n".join(faults) if faults else f"house: {len(layers)} libraries, {len(files)} files, no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
