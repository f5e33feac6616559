"""Times, addresses and secrets as contract section 3 and ledger/FORMAT.md describe them. No code of the agent."""
import calendar
import ipaddress
import re

WORDS = {"password", "passwd", "pwd", "secret", "token", "authorization", "cookie", "otp"}
ENDINGS = ("private_key", "client_secret", "api_key")
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*){2,4}")
CREDENTIALS = {name: re.compile(rf"(?<![A-Za-z0-9])(?i:{name}) +([A-Za-z0-9._~+/=-]{{8,}})") for name in ("bearer", "basic")}
HUMPS = re.compile(r"(?<=[^A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
TIME = re.compile(r"(\d{4}|\+?\d{5,})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))\Z", re.A)
EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999
BEFORE, BEYOND = "before", "beyond"


def is_secret_key(key):
    words = ["".join(c.lower() if c.isascii() else c for c in word)
             for word in re.split(r"[-_.]", HUMPS.sub("_", key)) if word]
    return bool(words) and (words[-1] in WORDS or "_".join(words).endswith(ENDINGS))


def secret_at(text, place):
    """(end, mark) of a secret that begins at this place, or nothing."""
    if text.startswith("-----BEGIN ", place):
        return len(text), "[redacted:pem]"
    for name, shape in CREDENTIALS.items():
        found = shape.match(text, place)
        if found and re.search("[^a-z]", found[1][1:]):
            return found.end(), f"[redacted:{name}]"
    found = JWT.match(text, place)
    return (found.end(), "[redacted:jwt]") if found else None


def redacted(text):
    for name in CREDENTIALS:
        if re.match(rf" *(?i:{name}) +[^ ]", text):
            return f"[redacted:{name}]"
    kept, place = [], 0
    while place < len(text):
        secret = secret_at(text, place)
        kept.append(secret[1] if secret else text[place])
        place = secret[0] if secret else place + 1
    return "".join(kept)


def ranged(micros):
    return BEFORE if micros < EARLIEST else BEYOND if micros > LATEST else micros


def days_from_civil(year, month, day):
    """Days since 1970-01-01 in the proleptic Gregorian calendar, also for the year 0."""
    shifted = year - (month <= 2)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def rfc3339(text):
    """Microseconds, BEFORE, BEYOND, or None when the text is no time."""
    found = TIME.match(text)
    if not found:
        return None
    year, is_long = int(found[1]), len(found[1].lstrip("+")) > 4
    month, day, hour, minute, second = map(int, found.group(2, 3, 4, 5, 6))
    year = 2000 if is_long else year
    if hour > 23 or minute > 59 or second > 60 or (found[8] and (int(found[9]) > 23 or int(found[10]) > 59)):
        return None
    days_in_month = 29 if month == 2 and calendar.isleap(year) else (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month % 13]
    if not 1 <= month <= 12 or not 1 <= day <= days_in_month:
        return None
    if is_long:
        return BEYOND
    fraction = int((found[7] or "")[:6].ljust(6, "0"))
    within = 59_999_999 if second == 60 else second * 1_000_000 + fraction
    micros = (days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60) * 1_000_000 + within
    if found[8]:
        micros -= (1 if found[8] == "+" else -1) * (int(found[9]) * 60 + int(found[10])) * 60_000_000
    return ranged(micros)


def parsed_address(kind, text):
    try:
        return kind(text)
    except ValueError:
        return None


def address(text):
    """The one kept form of an address, or None."""
    bracketed = re.match(r"\[([^\]]*)\](?::(\d{1,5}))?\Z", text, re.A)
    if bracketed:
        if bracketed[2] and int(bracketed[2]) > 65_535:
            return None
        text = bracketed[1]
    elif text.startswith("["):
        return None
    elif text.count(":") == 1:
        text, port = text.split(":")
        if not re.match(r"\d{1,5}\Z", port, re.A) or int(port) > 65_535:
            return None
    if ":" not in text:
        found = parsed_address(ipaddress.IPv4Address, text)
        return str(found) if found else None
    text, percent, zone = text.partition("%")
    found = None if percent and not zone else parsed_address(ipaddress.IPv6Address, text)
    return str(found.ipv4_mapped or found) if found else None
