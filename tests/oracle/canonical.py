"""RFC 8785 canonical JSON of an event's content, written from the specification (and ECMA-262 Number::toString)."""
import decimal

SAFE_INTEGER = 2**53
ESCAPES = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
TIMES = ("occurred_at", "account_locked_until")


def number(value):
    """ECMA-262 Number::toString of a double; integers beyond 2^53 become the double they stand for."""
    value = float(value)
    if value == 0:
        return "0"
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    text, count = "".join(map(str, digits)), len(digits)
    point = count + exponent  # ECMA-262 calls it n: where the decimal point stands.
    if count <= point <= 21:
        text += "0" * (point - count)
    elif 0 < point <= 21:
        text = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        mantissa = text if count == 1 else f"{text[0]}.{text[1:]}"
        text = f"{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return "-" + text if sign else text


def string(value):
    return '"' + "".join(ESCAPES.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 else c) for c in value) + '"'


def value_text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return string(value)
    if isinstance(value, int) and abs(value) <= SAFE_INTEGER:
        return str(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, list):
        return "[" + ",".join(map(value_text, value)) + "]"
    ordered = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
    return "{" + ",".join(f"{string(key)}:{value_text(item)}" for key, item in ordered) + "}"


def dump(content):
    """The canonical bytes of a content. Times are exact integers, also beyond 2^53 (docs/EVENTS.md)."""
    members = [f"{string(key)}:{content[key] if key in TIMES else value_text(content[key])}" for key in sorted(content)]
    return ("{" + ",".join(members) + "}").encode()
