"""Every manifest has only fields that Kubernetes knows, with values that it takes."""
import unittest

import paths  # noqa: F401
import renders
import strict

# What the check must notice: the API server would drop the first two without a word.
PLANTED = {
    "a field with a mistake in its name": ("restartPolicy: Always", "restartPolcy: Always", "restartPolcy"),
    "a field at a wrong place": ("fsGroup: 65532", "fsGroup: 65532\n        readOnlyRootFilesystem: true", "readOnlyRootFilesystem"),
    "a value that it does not take": ("path: /metrics\n", "path: /metrics\n    scheme: gopher\n", "gopher"),
    "text for a number": ("replicas: 2", 'replicas: "2"', "number"),
    "a field of a PodMonitor": ("scrapeTimeout: 10s", "scrapeTimout: 10s", "scrapeTimout"),
}


class Strict(unittest.TestCase):
    def test_nothing_unknown_in_any_rendering(self):
        # One run of the compiler for all: it takes seconds to begin.
        together = "\n---\n".join(renders.all_of().values())
        self.assertEqual(strict.faults(together), [])

    def test_each_planted_fault_is_found(self):
        text = renders.all_of()["kubernetes"]
        copies = [text.replace(found, replacement, 1) for found, replacement, _ in PLANTED.values()]
        faults = strict.faults("\n---\n".join(copies))
        for title, (_, _, word) in PLANTED.items():
            with self.subTest(title):
                self.assertEqual(len([fault for fault in faults if word in fault]), 1, faults)
        self.assertEqual(len(faults), len(PLANTED), faults)


if __name__ == "__main__":
    unittest.main()
