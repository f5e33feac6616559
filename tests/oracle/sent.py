"""A sent line as it was spelled: mended, parsed, every number and every member kept. No code of the agent."""
import json
import math
import re

SENT = "\U000F1234"  # Stands for a U+FFFD that the sender wrote, so that one made by mending can be told from it.


class Refused(Exception):
    """One of the few things that are refused; the member is the argument."""


class Number(str):
    """A number as it was spelled."""

    def integer(self):
        """The integer that it stands for, or None."""
        if not re.search("[.eE]", self):
            return int(self)
        value = float(self)
        if math.isinf(value):
            return 10**400 if value > 0 else -(10**400)
        return int(value) if value == int(value) else None

    def is_in_range(self):
        return not math.isinf(float(self)) if re.search("[.eE]", self) else abs(int(self)) <= 2**53

    def plain(self):
        return float(self) if re.search("[.eE]", self) else int(self)


class Members(list):
    """An object's members in the order and number they were sent."""


def mend(text):
    """What no strict parser takes becomes U+FFFD: C0 and lone surrogates in strings, raw or escaped."""
    token = re.compile(r'"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([0-9a-fA-F]{4})|\\([bfnrt])|\\.|'
                       r"[\x00-\x1f]", re.S)
    is_inside = False

    def repaired(found):
        nonlocal is_inside
        if found[0] == '"':
            is_inside = not is_inside
        elif is_inside and (found[2] or len(found[0]) == 1):
            return "\ufffd"
        elif is_inside and found[1] and (int(found[1], 16) < 0x20 or 0xD800 <= int(found[1], 16) < 0xE000):
            return "\ufffd"
        return found[0]

    return token.sub(repaired, text)


def parse(raw):
    marked = re.sub(rb"\\u[fF]{3}[dD]", SENT.encode(), raw.replace("\ufffd".encode(), SENT.encode()))
    try:
        value = json.loads(mend(marked.decode("utf-8", "replace")), object_pairs_hook=Members, parse_int=Number,
                           parse_float=Number, parse_constant=lambda _: (_ for _ in ()).throw(ValueError()))
    except (ValueError, RecursionError):
        raise Refused("") from None
    if not isinstance(value, Members):
        raise Refused("")
    return value


def sent_text(text):
    return text.replace(SENT, "\ufffd")


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)
