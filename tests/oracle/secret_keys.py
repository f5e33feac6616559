"""What a name says of its value, as ledger/FORMAT.md describes it. No code of the agent."""
import math
import re
import unicodedata

import shapes

DROPPED = ("confirmation", "confirm", "again", "repeat", "repeated", "new", "old", "current", "value", "plain", "raw", "text")
SECRET = tuple("""password passwords passwd passphrase passphrases passcode passcodes pwd secret secrets token tokens
authorization cookie cookies otp totp apikey apikeys accesskey accesskeys secretkey secretkeys privatekey privatekeys
clientsecret credential credentials assertion assertions samlresponse jwt jwts nonce ticket csrf xsrf codeverifier
recoverycode recoverycodes mfacode mfacodes otpcode otpcodes totpcode totpcodes authcode authcodes authorizationcode
authorizationcodes amzsignature googsignature""".split())
HEADERS = ("authorization", "cookie", "cookies")
LAST_WORDS = ("pw", "pin")
SESSIONS = {"sessionid", "sessid", "jsessionid", "phpsessid", "aspnetsessionid", "sid"}
OUTCOMES = {"failed", "success", "ok", "expired", "invalid", "missing", "wrong", "changed", "reset", "required",
            "enabled", "disabled", "sent", "none"}
RULES = "key jwt bearer basic digest token pem header url session".split()
MARK = re.compile("|".join([r"\[redacted:(?:" + "|".join(RULES) + r")\]",  # Whole, or cut at the end of the text.
                            *(re.escape(f"[redacted:{rule}]"[:size]) + r"\Z" for rule in RULES
                              for size in range(1, len(rule) + 11))]))
PATH = re.compile(r"(?:~|[A-Za-z]:)?(?=[/\\])(?:[/\\][a-z]*|(?=[^/\\]*[/\\][^/\\]*[/\\])[A-Za-z0-9._+ /\\-]*)\Z")


def letters_of(key):
    """The letters in lower case, and the places where a word begins among them."""
    key = re.sub("%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)) if int(found[1], 16) < 128 else "-", key)
    text, starts = "", set()
    for word in re.split("\0+", "".join(c if (c.isascii() and c.isalpha()) or
                                        (not c.isascii() and unicodedata.category(c)[0] == "L") else "\0" for c in key)):
        for hump in re.finditer(r"[A-Z]+|[^A-Z]+", word):
            starts.add(len(text) + hump.start())
            if hump[0].isupper() and len(hump[0]) > 1 and hump.end() < len(word):
                starts.add(len(text) + hump.end() - 1)
            is_hump_of_one = hump.start() > 0 and not hump[0].isupper() and re.search("(?<![A-Z])[A-Z]$", word[:hump.start()])
            if is_hump_of_one:
                starts.discard(len(text) + hump.start())
        text += "".join(c.lower() if c.isascii() else "\1" for c in word)
    return text, starts


def key_kind(key):
    """plain, secret, pwd, header, session or response."""
    key = MARK.sub("", key.encode()[-256:].decode("utf-8", "ignore"))
    letters, starts = letters_of(key)
    if letters in SESSIONS:
        return "session"
    if letters in ("signature", "response"):
        return "secret" if letters == "signature" else "response"
    while letters.endswith(DROPPED):
        for word in DROPPED:
            letters = letters.removesuffix(word)
    if letters.endswith(HEADERS):
        return "header"
    if letters.endswith("pwd"):
        return "pwd"
    is_last = any(letters.endswith(word) and len(letters) - len(word) in starts for word in LAST_WORDS)
    return "secret" if is_last or letters.endswith(SECRET) else "plain"


def is_plain(kind, text):
    """No secret although the key says so."""
    if kind == "pwd" and PATH.match(text):
        return True
    is_outcome = "".join(c.lower() if c.isascii() else c for c in text) in OUTCOMES
    return len(text.encode()) <= 64 and bool(is_outcome or MARK.fullmatch(text) or shapes.rfc3339(text) is not None)


def is_count(number):
    value = float(number)
    return not math.isinf(value) and value < 100


def is_number(text):
    return bool(re.fullmatch(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", text))
