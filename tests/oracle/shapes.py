"""Times and addresses as docs/EVENTS.md and ledger/FORMAT.md describe them. No code of the agent."""
import calendar
import fractions
import ipaddress
import math
import re

TIME = re.compile(r"(\d{4}|\+?\d{5,})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))\Z", re.A)
EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999
BEFORE, BEYOND = "before", "beyond"


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


def epoch(number):
    """(microseconds, BEFORE or BEYOND; whether it counted seconds) of a number as it was spelled."""
    is_negative, size = number.startswith("-"), abs(float(number))
    if size >= 1e15:
        return BEFORE if is_negative else BEYOND, False
    if size < 1e-300:  # No fraction of integers for exponents of any length.
        return -1 if is_negative and re.search("[1-9]", re.split("[eE]", number)[0]) else 0, True
    exact = fractions.Fraction(number)
    is_seconds = exact.denominator > 1 or abs(exact) < 10**11
    return ranged(math.floor(exact * (10**6 if is_seconds else 1000))), is_seconds


def address(text):
    """The one kept form of an address, or None."""
    text = text.strip(" ")
    found = bare_address(text)
    front, _, port = text.rpartition(":")
    if found or "[" in text or not re.match(r"\d{1,5}\Z", port, re.A) or int(port) > 65_535:
        return found
    return bare_address(front) if front.count(":") == 7 or (":" in front and "." in front) else None


def bare_address(text):
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
