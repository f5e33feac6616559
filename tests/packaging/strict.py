"""Kubernetes' own types over manifests: a field that the API does not have is an error, and so is a value it does not take.

The API server would drop an unknown field without a word. Each object becomes a literal of TypeScript of its type, and the
compiler tells what is too much.
"""
import json
import re
import subprocess
import tempfile

import manifests

PACKAGES = {"monitoring.coreos.com": "@kubernetes-models/prometheus-operator"}


def module_of(document):
    """Where the type of an object is: apps/v1 and so on."""
    version, kind = document["apiVersion"], document["kind"]
    package = PACKAGES.get(version.split("/")[0], "kubernetes-models")
    return f"{package}/{version}/{kind}"


def program(documents):
    lines = []
    for number, document in enumerate(documents):
        lines += [f'import type {{ I{document["kind"]} as Type{number} }} from "{module_of(document)}";',
                  f"export const object{number}: Type{number} = {json.dumps(document, indent=1)};"]
    return "\n".join(lines) + "\n"


def faults(text):
    """What the compiler finds, one a line, with the object's name; empty where all is well."""
    documents = manifests.Manifests(text).documents
    folder = manifests.tool("node_modules").parent
    with tempfile.TemporaryDirectory(dir=folder, prefix="strict-") as place:
        source = f"{place}/manifests.ts"
        with open(source, "w", encoding="utf-8") as file:
            file.write(program(documents))
        done = subprocess.run(["node", folder / "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--module", "nodenext",
                               "--moduleResolution", "nodenext", "--skipLibCheck", "--target", "es2022", source],
                              capture_output=True, text=True, check=False)
        written = open(source, encoding="utf-8").read().splitlines()
    if done.returncode != 0 and "error TS" not in done.stdout:
        raise AssertionError(done.stdout + done.stderr)
    found = re.findall(r"\((\d+),\d+\): error TS\d+: (.*)", done.stdout)
    return [f"{words} [{written[int(line) - 1].strip()}]" for line, words in found]
