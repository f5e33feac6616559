"""The shipped binary is hardened: what packaging/cmake/hardening.cmake asks for is read back from its bytes."""
import pathlib
import platform
import re
import subprocess
import tempfile
import unittest

import harness
from command import run

SMALL = r"""
#include <cstdio>
#include <cstring>
#include <vector>
int main(int count, char** words) {
  char text[16];
  std::strcpy(text, words[0]);
  std::vector<int> many(3);
  return std::printf("%s", text) + many[count];
}
"""
FLAGS = ["-O2", "-D_FORTIFY_SOURCE=2", "-D_GLIBCXX_ASSERTIONS", "-fstack-protector-strong", "-fstack-clash-protection",
         "-fPIE", "-pie", "-Wl,-z,relro,-z,now,-z,noexecstack"]
IS_X86 = platform.machine() == "x86_64"
PROTECTED = ["-fcf-protection=full"] if IS_X86 else []


def said_by(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def marks(binary):
    """What of it a binary shows."""
    program, dynamic = said_by("readelf", "-hlW", binary), said_by("readelf", "-dW", binary)
    symbols = said_by("readelf", "--dyn-syms", "-W", binary)
    stack = re.search(r"GNU_STACK .*", program)
    facts = {"PIE": re.search(r"Type: +DYN", program) and "PIE" in dynamic,
             "RELRO": "GNU_RELRO" in program,
             "BIND_NOW": re.search(r"FLAGS.*(BIND_NOW|NOW)", dynamic),
             "no executable stack": stack and "E" not in stack[0].split()[-2],
             "stack protector": "__stack_chk_fail" in symbols,
             "_FORTIFY_SOURCE": re.search(r"__(memcpy|strcpy|snprintf|vsnprintf|printf|read|recv)_chk", symbols),
             "_GLIBCXX_ASSERTIONS": "_ZSt21__glibcxx_assert_fail" in symbols}
    if IS_X86:
        # The property note of the whole file needs every object of the C library to have it; Debian 12's have not.
        main = said_by("objdump", "-d", "--disassemble=main", "--no-show-raw-insn", binary)
        facts["indirect branches tracked"] = "endbr64" in main
    return {name for name, shown in facts.items() if shown}


def all_marks():
    return {"PIE", "RELRO", "BIND_NOW", "no executable stack", "stack protector", "_FORTIFY_SOURCE", "_GLIBCXX_ASSERTIONS",
            *(["indirect branches tracked"] if IS_X86 else [])}


class Hardening(unittest.TestCase):
    def built(self, *flags):
        folder = tempfile.TemporaryDirectory(prefix="twinlog-hardening-")
        self.addCleanup(folder.cleanup)
        source, binary = pathlib.Path(folder.name, "small.cpp"), pathlib.Path(folder.name, "small")
        source.write_text(SMALL)
        subprocess.run(["g++", *flags, "-o", str(binary), str(source)], check=True)
        return binary

    def test_the_shipped_binary_shows_every_mark(self):
        kind = re.search(r"(?m)^build type: (.*)$", run("--version").stdout)[1]
        if kind.startswith("Debug"):
            self.skipTest(f"{harness.BINARY} is a {kind} build, which nobody ships")
        self.assertEqual(marks(harness.BINARY), all_marks())

    def test_a_program_built_with_the_flags_shows_every_mark(self):
        self.assertEqual(marks(self.built(*FLAGS, *PROTECTED)), all_marks())

    def test_each_flag_that_is_left_out_is_missed(self):
        missed = {"-D_FORTIFY_SOURCE=2": "_FORTIFY_SOURCE", "-D_GLIBCXX_ASSERTIONS": "_GLIBCXX_ASSERTIONS",
                  "-fstack-protector-strong": "stack protector", "-pie": "PIE",
                  "-Wl,-z,relro,-z,now,-z,noexecstack": "BIND_NOW", **{flag: "indirect branches tracked"
                                                                      for flag in PROTECTED}}
        opposite = {"-pie": "-no-pie", "-Wl,-z,relro,-z,now,-z,noexecstack": "-Wl,-z,norelro,-z,lazy,-z,execstack"}
        for flag, name in missed.items():
            flags = [opposite.get(each, "-DNOTHING") if each == flag else each for each in [*FLAGS, *PROTECTED]]
            with self.subTest(flag):
                self.assertNotIn(name, marks(self.built(*flags)))

    def test_the_flags_of_the_build_are_those_that_are_tested(self):
        wanted = (harness.ROOT / "packaging/cmake/hardening.cmake").read_text()
        for flag in [*FLAGS[1:5], *FLAGS[7:], *PROTECTED]:
            self.assertIn(flag, wanted)


if __name__ == "__main__":
    unittest.main()
