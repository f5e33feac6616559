"""The limits of metadata as ledger/FORMAT.md describes them. No code of the agent."""
import hashlib
import re

import canonical

METADATA_BYTES_MOST, METADATA_DEPTH_MOST = 8192, 8


def marker(value):
    text = canonical.value_text(value).encode()
    return {"_truncated": True, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}


def is_marker(value):
    return isinstance(value, dict) and value.keys() == {"_truncated", "bytes", "sha256"} and value["_truncated"] is True \
        and isinstance(value["bytes"], int) and value["bytes"] >= 0 and isinstance(value["sha256"], str) \
        and re.fullmatch("[0-9a-f]{64}", value["sha256"]) is not None


def size(value):
    return len(canonical.value_text(value).encode())


def depth(value):
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(depth, children), default=0)


class Node:
    """A value of metadata as it was and as it is."""

    def __init__(self, value, level):
        self.was, self.now, self.parts = value, value, []
        self.is_long = isinstance(value, (str, dict, list)) and not is_marker(value) and size(value) > size(marker(value))
        if isinstance(value, (dict, list)) and not is_marker(value):
            keys = sorted(value, key=lambda key: key.encode("utf-16-be")) if isinstance(value, dict) else range(len(value))
            children = [value[key] for key in keys]
            if level == METADATA_DEPTH_MOST and any(isinstance(child, (dict, list)) for child in children):
                self.now = marker(value)
                return
            self.keys, self.parts = list(keys), [Node(child, level + 1) for child in children]

    def rendered(self):
        if not self.parts or self.now is not self.was:
            return self.now
        values = [part.rendered() for part in self.parts]
        return dict(zip(self.keys, values, strict=True)) if isinstance(self.was, dict) else values

    def candidates(self):
        """Long values that hold no other long one, in canonical order."""
        if self.now is not self.was:
            return []
        return [each for part in self.parts for each in part.candidates()] or [self] * self.is_long


def within_limits(kept):
    """Largest first; of equal ones the first in canonical order."""
    if size(kept) <= METADATA_BYTES_MOST and depth(kept) <= METADATA_DEPTH_MOST:
        return kept
    whole = Node(kept, 1)
    while size(whole.rendered()) > METADATA_BYTES_MOST:
        candidates = [each for part in whole.parts for each in part.candidates()]
        if not candidates:
            return marker(kept)
        largest = max(candidates, key=lambda node: size(node.rendered()))
        largest.now = marker(largest.was)
    return whole.rendered()
