#!/usr/bin/python3
"""Works out from the sent events and docs/ alone what both stores must hold, and compares.

    tests/oracle/compare.py --postgres URI --mongodb URI [--default-tenant T] FILE...

FILEs hold what was sent, one event a line. Every record, conflict, content hash and account of both stores is compared
with what docs/EVENTS.md makes of these lines; nothing else may be there. Shares no code with the agent. Needs psycopg 3
and pymongo 4.3. Exit 0: equal; 1: each difference is named; 2: usage.

Not predictable from the input, and therefore taken from the store and checked for sense: received_at, the ids that the
agent made (they must be UUIDv7 of the event's time), and which of several versions of a key came first.
"""
import argparse
import collections
import hashlib
import pathlib
import sys

import canonical
import fold
import normalise
import stores

DIFFERENCES_SHOWN = 20


def expected_versions(paths, default_tenant):
    """{(tenant, log_id): {hash: content}} of lines with an id, a Counter of the contents without, and the refusals."""
    with_id, without_id, refused = {}, collections.Counter(), 0
    for path in paths:
        for line in pathlib.Path(path).read_bytes().split(b"\n"):
            if not line.strip(b"\r"):
                continue
            try:
                content = normalise.normalise(line, default_tenant)
            except normalise.Refused:
                refused += 1
                continue
            text = canonical.dump(content)
            if "log_id" in content:
                key = content["tenant_id"], content["log_id"]
                with_id.setdefault(key, {})[hashlib.sha256(text).hexdigest()] = content
            else:
                without_id[text] += 1  # Each is a new event, as often as it is sent.
    return with_id, without_id, refused


class Comparison:
    def __init__(self):
        self.differences = []

    def expect(self, holds, *words):
        if not holds:
            self.differences.append(" ".join(str(word) for word in words))

    def check_version(self, store, version):
        event = version["event"]
        label = f"{store} {event['tenant_id']}/{event['log_id']}"
        hashed = hashlib.sha256(canonical.dump(event)).hexdigest()
        self.expect(hashed == version["hash"], label, "content_hash does not fit the stored columns")
        self.expect(version["effective_at"] == min(event["occurred_at"], version["received_at"]), label,
                    "effective_at is not min(occurred_at, received_at)")

    def check_records(self, found, with_id, without_id):
        stored, generated = {}, collections.Counter()
        for version in found.records + found.conflicts:
            self.check_version(found.name, version)
            event = version["event"]
            key = event["tenant_id"], event["log_id"]
            if key not in with_id and stores.is_generated_id(event["log_id"], event["occurred_at"]):
                generated[canonical.dump({k: v for k, v in event.items() if k != "log_id"})] += 1
                continue
            hashes = stored.setdefault(key, collections.Counter())
            hashes[version["hash"]] += 1
        for key in sorted(with_id.keys() | stored.keys()):
            self.expect(stored.get(key, {}) == collections.Counter(list(with_id.get(key, {}))), found.name,
                        "/".join(key), f"expected {len(with_id.get(key, {}))} version(s), found "
                        f"{sum(stored.get(key, {}).values())} or other content")
        for text in sorted(generated.keys() | without_id.keys()):
            self.expect(generated[text] == without_id[text], found.name, "event without id",
                        f"expected {without_id[text]}, found {generated[text]}:", hashlib.sha256(text).hexdigest())
        self.check_conflicts(found, with_id)

    def check_conflicts(self, found, with_id):
        keys = collections.Counter((v["event"]["tenant_id"], v["event"]["log_id"]) for v in found.records)
        for key, count in keys.items():
            self.expect(count == 1, found.name, "/".join(key), f"stands in the record {count} times")
        for version in found.records:
            key = version["event"]["tenant_id"], version["event"]["log_id"]
            self.expect(version["has_conflict"] == (len(with_id.get(key, {})) > 1), found.name, "/".join(key),
                        f"has_conflict is {version['has_conflict']}")

    def check_accounts(self, found):
        expected = fold.fold_accounts(found.records + found.conflicts)
        for key in sorted(expected.keys() | found.accounts.keys()):
            self.expect(expected.get(key) == found.accounts.get(key), found.name, "account", "/".join(key),
                        "\n    expected", expected.get(key), "\n    found   ", found.accounts.get(key))

    def check_twins(self, first, second):
        def versions(found):
            return collections.Counter((v["event"]["tenant_id"], v["event"]["log_id"], v["hash"], v["effective_at"])
                                       for v in found.records + found.conflicts)
        left, right = versions(first), versions(second)
        for item in sorted((left - right).keys() | (right - left).keys()):
            self.expect(False, "the stores differ:", *item, f"{first.name} {left[item]}, {second.name} {right[item]}")
        self.expect(first.accounts == second.accounts, "the accounts of the two stores differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", required=True)
    parser.add_argument("--mongodb", required=True)
    parser.add_argument("--default-tenant", default="")
    parser.add_argument("files", nargs="+", metavar="FILE")
    options = parser.parse_args()
    with_id, without_id, refused = expected_versions(options.files, options.default_tenant)
    comparison = Comparison()
    contents = [stores.read_postgres(options.postgres), stores.read_mongodb(options.mongodb)]
    for found in contents:
        comparison.check_records(found, with_id, without_id)
        comparison.check_accounts(found)
        print(f"{found.name}: {len(found.records)} records, {len(found.conflicts)} conflicts, "
              f"{len(found.accounts)} accounts")
    comparison.check_twins(*contents)
    print(f"expected: {len(with_id) + len(without_id)} records, {sum(len(v) for v in with_id.values()) - len(with_id)} "
          f"conflicts, {refused} refused lines")
    for difference in comparison.differences[:DIFFERENCES_SHOWN]:
        print("DIFFERENT:", difference)
    print(f"{len(comparison.differences)} difference(s)")
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
