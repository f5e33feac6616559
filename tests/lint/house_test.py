#!/usr/bin/python3
"""Plants one fault after another into a small tree and expects the check that it belongs to to name it."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]

GOOD = {
    "ledger/base/CMakeLists.txt": "twinlog_library(twinlog_base SOURCES a.cpp)",
    "ledger/base/a.h": "#pragma once\n#include <string>\n",
    "ledger/base/a.cpp": '#include "ledger/base/a.h"\n#include <openssl/evp.h>\n',
    "spool/CMakeLists.txt": "twinlog_library(twinlog_spool SOURCES s.cpp DEPENDS twinlog_base)",
    "spool/s.h": '#pragma once\n#include "ledger/base/a.h"\n',
    "spool/s.cpp": '#include "spool/s.h"\n#include <rocksdb/db.h>\n#include <sys/stat.h>\n',
}


def check(extra):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**GOOD, **extra}.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, ROOT / "tests/lint/house.py", folder], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout


class House(unittest.TestCase):
    def expect_fault(self, extra, words):
        code, text = check(extra)
        self.assertEqual(code, 1, text)
        self.assertIn(words, text)

    def test_a_clean_tree_has_no_fault(self):
        code, text = check({})
        self.assertEqual(code, 0, text)

    def test_an_include_against_the_layers_is_a_fault(self):
        self.expect_fault({"ledger/base/b.cpp": '#include "spool/s.h"\n'}, "does not depend on spool")

    def test_a_cycle_is_a_fault(self):
        self.expect_fault({"ledger/base/CMakeLists.txt": "twinlog_library(twinlog_base SOURCES a.cpp DEPENDS twinlog_spool)"},
                          "cycle")

    def test_a_third_party_header_in_the_wrong_folder_is_a_fault(self):
        self.expect_fault({"ledger/base/b.cpp": "#include <rocksdb/db.h>\n"}, "belongs into spool only")

    def test_a_third_party_header_that_leaks_through_a_header_is_a_fault(self):
        self.expect_fault({"ledger/base/a.h": "#pragma once\n#include <openssl/evp.h>\n"}, "reaches spool")

    def test_a_library_that_nobody_listed_is_a_fault(self):
        for header in ("nlohmann/json.hpp", "zlib.h", "sqlite3.h", "uuid.h", "yaml.h", "simdjson.h", "curl"):
            self.expect_fault({"spool/t.cpp": f"#include <{header}>\n"}, f"<{header}> is of a library that")

    def test_headers_of_c_of_posix_and_of_the_language_are_no_library(self):
        code, text = check({"spool/t.cpp": "".join(f"#include <{name}>\n" for name in (
            "stdio.h", "fcntl.h", "poll.h", "pthread.h", "string", "string_view", "span", "netinet/tcp.h", "linux/magic.h"))})
        self.assertEqual(code, 0, text)

    def test_a_folder_at_the_top_that_nobody_listed_is_a_fault_and_docs_is_none(self):
        self.expect_fault({"console/a.py": "pass\n"}, "console/: no folder of this house")
        code, text = check({"docs/EVENTS.md": "# Events\n", "tests/a.py": "pass\n", ".ci/run": "true\n", "packaging/x": "x\n"})
        self.assertEqual(code, 0, text)

    def test_what_a_merge_left_is_a_fault(self):
        self.expect_fault({"spool/a.cpp.orig": "int a;\n"}, "spool/a.cpp.orig: what a tool left")

    def test_pointing_at_what_a_clone_does_not_have_is_a_fault(self):
        for planted in ("as contract section 3 says", "(contract.md)", "see stores.md 4b", "open('../shared/data/a')",
                        "the table of contract, section 5"):
            self.expect_fault({"spool/t.h": f"#pragma once\n// {planted}\n"}, "spool/t.h:2:")
        self.expect_fault({"spool/t.h": "// as the contract\n// section 3 says\n"}, "spool/t.h:1:")
        code, text = check({"spool/t.h": "// the contract between both; docs/STORES.md\n"})
        self.assertEqual(code, 0, text)

    def test_a_setting_that_a_session_would_keep_is_a_fault_and_one_of_a_transaction_is_not(self):
        for planted in ("SET twinlog.tenant_id = 'acme';", "set session twinlog.tenant_id to 'acme'",
                        "SELECT set_config('statement_timeout', coalesce(a, '5s'), false)", "SET lock_timeout = '5s'",
                        "psql -c twinlog.tenant_id=acme"):
            self.expect_fault({"README.md": f"one\n{planted}\n"}, "README.md:2: a setting for the session")
        code, text = check({"README.md": "SET LOCAL twinlog.tenant_id = 'acme'; SELECT set_config('a', 'b', true), false",
                            "tests/e2e/a_test.py": "# SET twinlog.tenant_id = 'acme'",
                            "spool/t.cpp": "ALTER ROLE r SET search_path = a; UPDATE t SET has_conflict = true"})
        self.assertEqual(code, 0, text)

    def test_two_types_of_one_name_in_one_namespace_are_a_fault_and_in_two_they_are_not(self):
        def header(space):
            return f"#pragma once\nnamespace {space} {{\nstruct Twin final {{\n  int a;\n}};\n}}  // namespace {space}\n"

        self.expect_fault({"spool/t.h": header("twinlog"), "ledger/base/t.h": header("twinlog")}, "twinlog::Twin")
        self.assertEqual(check({"spool/t.h": header("twinlog"), "ledger/base/t.h": header("twinlog::other")})[0], 0)
        declared = header("twinlog").replace("once\n", "once\nnamespace rocksdb {\nclass DB;\nstruct Options;\n}\n\n")
        self.expect_fault({"spool/t.h": declared, "ledger/base/t.h": header("twinlog")}, "twinlog::Twin")

    def test_a_file_of_401_lines_is_a_fault_and_one_of_400_is_not(self):
        self.expect_fault({"spool/t.cpp": "\n" * 401}, "401 lines")
        self.assertEqual(check({"spool/t.cpp": "\n" * 400})[0], 0)

    def test_a_python_function_of_61_lines_is_a_fault_and_one_of_60_is_not(self):
        self.expect_fault({"tests/t.py": "def long():\n" + "    pass\n" * 60}, "61 lines")
        self.assertEqual(check({"tests/t.py": "def fits():\n" + "    pass\n" * 59})[0], 0)


class Tidy(unittest.TestCase):
    """The tree's .clang-tidy on planted faults."""

    def tidy(self, text):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(ROOT / ".clang-tidy", folder)
            source = pathlib.Path(folder, "planted.cpp")
            source.write_text(text)
            done = subprocess.run(["clang-tidy-14", "--quiet", source, "--", "-std=c++20"], capture_output=True,
                                  text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def test_clean_code_passes(self):
        code, text = self.tidy("int add(int a, int b) { return a + b; }\n")
        self.assertEqual(code, 0, text)

    def test_a_function_that_does_not_fit_a_screen_is_a_fault(self):
        code, text = self.tidy("int f(int a) {\n" + "  ++a;\n" * 62 + "  return a;\n}\n")
        self.assertNotEqual(code, 0)
        self.assertIn("readability-function-size", text)

    def test_a_badly_named_function_is_a_fault(self):
        code, text = self.tidy("int BadName() { return 1; }\n")
        self.assertNotEqual(code, 0)
        self.assertIn("readability-identifier-naming", text)

    def test_a_use_after_move_is_a_fault(self):
        code, text = self.tidy("#include <string>\n#include <utility>\n"
                               "std::size_t f(std::string a) { std::string b = std::move(a); return a.size(); }\n")
        self.assertNotEqual(code, 0)
        self.assertIn("bugprone-use-after-move", text)


if __name__ == "__main__":
    unittest.main(verbosity=1)
