"""Where things lie, for the tests of packaging/; importing it makes the helpers of tests/e2e importable, too."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
