"""packaging/stores/run: a stopped store's port stays its own for as long as its folder is there."""
import importlib.machinery
import importlib.util
import multiprocessing
import pathlib
import shutil
import tempfile
import unittest

import harness

loader = importlib.machinery.SourceFileLoader("stores_run", str(harness.ROOT / "packaging/stores/run"))
stores_run = importlib.util.module_from_spec(importlib.util.spec_from_loader("stores_run", loader))
loader.exec_module(stores_run)


def ports_of(folders):
    return [stores_run.remembered_port(pathlib.Path(folder)) for folder in folders]


class StorePorts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-store-ports-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def folders(self, name, count):
        made = [self.folder / f"{name}-{number}" for number in range(count)]
        for folder in made:
            folder.mkdir()
        return made

    def test_folders_whose_stores_are_down_keep_their_ports_from_each_other_over_processes(self):
        groups = [self.folders(name, 40) for name in "abcd"]
        with multiprocessing.get_context("spawn").Pool(4) as pool:
            ports = [port for group in pool.map(ports_of, groups) for port in group]
        self.assertEqual(len(set(ports)), 160)
        self.assertEqual(ports_of(groups[0]), ports[:40])

    def test_the_port_of_a_folder_that_is_gone_is_given_again(self):
        first, = ports_of(self.folders("first", 1))
        claim = stores_run.CLAIMS / str(first)
        self.assertTrue(stores_run.is_claimed(claim, first))
        shutil.rmtree(self.folder / "first-0")
        self.assertFalse(stores_run.is_claimed(claim, first))


if __name__ == "__main__":
    unittest.main()
