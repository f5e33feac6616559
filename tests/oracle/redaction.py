"""Redaction and session ids as ledger/FORMAT.md describes them. No code of the agent."""
import base64
import hashlib
import re

import canonical
from secret_keys import MARK, is_count, is_number, is_plain, key_kind
from sent import Members, Number, is_text, sent_text

GAP = r"[ \t\r\n\ufffd]"
NAME = r"[A-Za-z0-9_.$%\[\]-]"
WORD_START = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
FORMS = [re.compile(form) for form in (
    r"(?:gh[posur]_|github_pat_|[sr]k_live_)([A-Za-z0-9_]{10,})", r"(?:glpat-|v[1-4]\.(?:local|public)\.)([\w-]{10,})",
    r"xox[bp]-([A-Za-z0-9-]{10,})", r"A[KS]IA()[A-Z0-9]{16}", r"AIza()[A-Za-z0-9_-]{35}")]
FORMS[1] = re.compile(FORMS[1].pattern, re.A)
SCHEMES = re.compile(rf"(?i:(bearer|basic|digest|token)){GAP}+", re.A)
HEADER_SCHEMES = re.compile(rf"(?i:bearer|basic|digest|token|negotiate|ntlm|apikey|oauth|hawk|dpop|hmac|aws4-hmac-sha256|"
                            rf"scram-sha-1|scram-sha-256){GAP}+", re.A)
TOKEN68 = re.compile(r"([A-Za-z0-9._~+/-]*)(=*)")
PROSE = re.compile(r"[A-Za-z][a-z]* [a-z]+(?:[ .,;:!]|\Z)")
KEY_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]*)-----")
KEY_END = re.compile(r"-----END [A-Z0-9 ]*(?:-----)?")
KEY_TEXT = re.compile(rf"(?:{GAP}*[A-Za-z0-9+/=]+(?={GAP}|\Z))*")


# ---- what a shape says

def is_mixed(text):
    return bool(re.search("[0-9]", text) or (re.search("[a-z]", text) and re.search("[A-Z]", text)))


def is_credential(text):
    return len(text) >= 16 and is_mixed(text)


def decoded(text):
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1 or re.search("[^A-Za-z0-9+/]", bare):
        return b""
    return base64.b64decode(bare + "=" * (-len(bare) % 4))


def token68(text, place):
    found = TOKEN68.match(text, place)
    return found[0] if found[2] else found[1].rstrip(".")


def is_basic(token):
    plain = decoded(token)
    return b":" in plain and (is_credential(token) or (is_mixed(token) and re.fullmatch(rb"[ -~]*", plain) is not None))


class Search:
    """The secrets of one text, from left to right: (whole begin, begin, end, whole end, rule)."""

    def __init__(self, text):
        self.text, self.barrier = text, 0

    def all(self):
        place, ahead = 0, None
        while place < len(self.text):
            if ahead and place == ahead[1]:
                found, ahead = ahead, None
            else:
                mark = MARK.match(self.text, place)
                if mark:
                    place = self.barrier = mark.end()
                    continue
                found = self.shape(place) if ahead else self.at(place)
                if found and (found[1] != place or (ahead and found[2] > ahead[1])):
                    found, ahead = None, ahead or found
            if not found:
                place += 1
                continue
            place = self.barrier = found[2]
            if not MARK.fullmatch(self.text[found[1]:found[2]]):
                yield found

    def shape(self, place):
        return self.key_block(place) or self.jwt(place) or self.scheme(place) or self.form(place)

    def at(self, place):
        if self.text[place] in "=:" or self.text[place:place + 3] in ("%3D", "%3d"):
            found = self.named(place) if place > self.barrier else None
        else:
            found = self.shape(place)
        return found if found and found[1] < found[2] else None

    def begins_word(self, place):
        return re.compile(WORD_START).match(self.text[self.barrier:], place - self.barrier) is not None

    def key_block(self, place):
        found = KEY_BLOCK.match(self.text, place)
        if not found or "PRIVATE KEY" not in found[1]:
            return None
        close = KEY_END.search(self.text, found.end())
        end = close.end() if close else KEY_TEXT.match(self.text, found.end()).end()
        return (place, place, end, end, "pem") if end > found.end() else None

    def jwt(self, place):
        parts = re.compile(r"(e[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*").match(self.text, place)
        if not parts:
            return None
        header = decoded(parts[1]).decode("latin-1")
        front = decoded(parts[1][:16]).decode("latin-1")
        last = (len(parts[1]) - 1) // 4
        tail = decoded(parts[1][max(last - 1, 0) * 4:]).decode("latin-1")
        if not header or not re.match(r'\{[ \t\r\n]*"', front) or not re.search(r"\}[ \t\r\n]*\Z", tail):
            return None
        longer = re.compile(r"\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+").match(self.text, parts.end())
        end = longer.end() if longer else parts.end()
        return place, place, end, end, "jwt"

    def scheme(self, place):
        found = SCHEMES.match(self.text, place)
        if not found or not self.begins_word(place):
            return None
        name, token = found[1].lower(), token68(self.text, found.end())
        if not (is_basic(token) if name == "basic" else is_credential(token)):
            return None
        if name == "token" and self.jwt(found.end()):
            return self.jwt(found.end())
        end = found.end() + len(token)
        return place, found.end(), end, end, name

    def form(self, place):
        for form in FORMS:
            found = form.match(self.text, place)
            if found and self.begins_word(place) and (not found[1] or is_mixed(found[1][:64])):
                return place, place, found.end(), found.end(), "token"
        return None

    # ---- what a place says

    def name_before(self, place):
        """(begin, name, quoted, apart)"""
        before = self.text[self.barrier:place]
        bare = before.rstrip(" ")
        is_apart = bare != before
        if bare[-1:] in ('"', "'") and bare:
            inside = limit_bytes(bare[:-1])
            name = inside[inside.rfind(bare[-1]) + 1:]
            return self.barrier + len(bare) - 1 - len(name), name, True, is_apart
        name = re.search(rf"{NAME}*\Z", bare[-256:])[0]
        place_in = 0
        while place_in + 2 < len(name):
            escape = re.compile("%([0-9A-Fa-f]{2})").match(name, place_in)
            if escape and not re.fullmatch(NAME, chr(int(escape[1], 16)), re.A):
                name, place_in = name[escape.end():], 0
            else:
                place_in += 1
        return self.barrier + len(bare) - len(name), name, False, is_apart

    def named(self, place):
        if self.text[place] != ":":
            return self.behind_equals(place)
        slashes = re.compile(r"://|:\\/\\/").match(self.text, place)
        if slashes:
            return self.url(place, slashes.end())
        begin, name, is_quoted, is_apart = self.name_before(place)
        kind = key_kind(name)
        if kind == "plain":
            return None
        if is_quoted:
            return self.behind_quoted(place, begin, kind)
        if is_apart:
            return None
        return self.header(place, begin) if kind == "header" else self.credential(place, begin, kind)

    def judged(self, begin, kind, value):
        first, end, whole_end, is_quoted = value
        words = self.text[first:end]
        if MARK.fullmatch(words):
            is_secret = True  # Taken already: the search knows it.
        elif kind == "response":
            is_secret = re.fullmatch("[0-9A-Fa-f]{32,}", words)
        else:
            is_literal = words.lower() in ("true", "false", "null") or (is_number(words) and is_count(words))
            is_secret = words and not is_plain(kind, words) and (is_quoted or not is_literal)
        rule = {"session": "session", "response": "digest"}.get(kind, "key")
        return (begin, first, end, whole_end, rule) if is_secret else None

    def behind_equals(self, place):
        is_escaped = self.text[place] == "%"
        begin, name, is_quoted, is_apart = self.name_before(place)
        kind = key_kind(name)
        if kind == "plain" or (is_escaped and (is_quoted or is_apart)):
            return None
        first = place + (3 if is_escaped else 1)
        arrows = 0 if is_escaped else len(re.compile("[=>]*").match(self.text, first)[0])
        first += arrows
        if is_apart or is_quoted or arrows:
            first = self.behind_gaps(first)
        style = "escaped" if is_escaped else "part" if kind == "session" else "form"
        return self.judged(begin, kind, self.value(first, style))

    def behind_gaps(self, place):
        return re.compile(f"{GAP}*").match(self.text, place).end()

    def behind_quoted(self, place, begin, kind):
        first = self.behind_gaps(place + 1)
        mark = MARK.match(self.text, first)
        return (begin, *mark.span(), mark.end(), "key") if mark else self.judged(begin, kind, self.value(first, "json"))

    def behind_line_gaps(self, place):
        return re.compile("(?: *\ufffd)?[ \t]*").match(self.text, place).end()

    def header(self, place, begin):
        first = self.behind_line_gaps(place + 1)
        scheme = HEADER_SCHEMES.match(self.text, first)
        first = scheme.end() if scheme else first
        if PROSE.match(self.text, first):
            return None
        quote = self.text[begin - 1] if begin > self.barrier and self.text[begin - 1] in "\"'" else ""
        line = re.compile(rf"(?:(?!\\[nr])[^\r\n\ufffd{quote}])*").match(self.text, first)[0].rstrip(" \t\\")
        found = self.judged(begin, "header", (first, first + len(line), first + len(line), False))
        return (*found[:4], "header") if found else None

    def credential(self, place, begin, kind):
        first = self.behind_line_gaps(place + 1)
        token = token68(self.text, first)
        if not is_credential(token) or is_plain(kind, token):
            return None
        if kind == "response" and not re.fullmatch("[0-9A-Fa-f]{32,}", token):
            return None
        end = first + len(token)
        return begin, first, end, end, {"session": "session", "response": "digest"}.get(kind, "key")

    def url(self, place, authority):
        text = self.text
        end = re.compile(r'[^/?#"<>\\ \t\r\n\ufffd]*').match(text, authority).end()
        colon = re.compile(rf"(?:[^:@\[]|{MARK.pattern})*:").match(text, authority, end)
        if not colon:
            return None
        first = colon.end()
        at = text.rfind("@", first, end)
        if at < 0:
            if re.fullmatch("[0-9]*", text[first:end]):
                return None
            limit = first + len(text[first:].encode()[:256].decode("utf-8", "ignore"))
            limit = re.compile(r'[^"<>\[ \t\r\n\ufffd]*').match(text, end, max(limit, end)).end()
            at = text.find("@", end, limit)
            if at < 0:
                return None
            at = text.rfind("@", 0, re.compile(r'[^/?#"<>\\ \t\r\n\ufffd]*').match(text, at).end())
        begin = place - len(re.search("[A-Za-z0-9]*\\Z", text[self.barrier:place])[0])
        return begin, first, at, re.compile(f"(?:(?!{GAP}).)*", re.S).match(text, at).end(), "url"

    # ---- how far a value reaches: (begin, end, whole end, quoted)

    def value(self, place, style):
        text = self.text
        quote = re.compile(r"""(?:[bur](?=['"]))?(\\*)(['"])""").match(text, place)
        if quote:
            return self.quoted(quote.end(), len(quote[1]), quote[2])
        if style == "json" and text[place:place + 1] in ("[", "{"):
            return self.container(place)
        if style == "json":
            end = re.compile(rf"""(?:(?!{GAP})[^,}}\]"'&\\])*""").match(text, place).end()
            return place, end, end, False
        stops = [GAP, '[&"<]', r"\\[\"']", r"\\u0026", rf"[,;|]{NAME}+="]
        stops += ["[?#/;]"] if style == "part" else ["%26"] if style == "escaped" else []
        found = re.compile("|".join(stops)).search(text, place)
        end = found.start() if found else len(text)
        while end > place and text[end - 1] in ",;.)}]>|'\\" and not MARK.fullmatch(text[place:end]):
            end -= 1
        return place, end, end, False

    def quoted(self, begin, depth, mark):
        for found in re.compile(rf"(\\*)({mark})").finditer(self.text, begin):
            count = len(found[1])
            if count < depth or count % (2 * (depth + 1)) == depth:
                return begin, found.end() - 1 - min(count, depth), found.end(), True
        return begin, len(self.text), len(self.text), True

    def container(self, place):
        depth, at = 0, place
        while at < len(self.text):
            c = self.text[at]
            if c == '"':
                count = len(re.search(r"\\*\Z", self.text[:at])[0])
                at = self.quoted(at + 1, count, '"')[2]
                continue
            depth += (c in "[{") - (c in "]}")
            at += 1
            if depth == 0:
                return place, at, at, True
        return place, at, at, True


def limit_bytes(text):
    """The last 256 bytes of a text, but for a character that was cut."""
    return text.encode()[-256:].decode("utf-8", "ignore")


def redacted(text):
    kept, result = 0, []
    for _, begin, end, _, rule in Search(text).all():
        result += [text[kept:begin], f"[redacted:{rule}]"]
        kept = end
    return "".join(result) + text[kept:]


def redacted_name(text):
    """A name that was typed: only where all of it is one secret."""
    found = next(Search(text).all(), None)
    if not found or not re.fullmatch(f"{GAP}*", text[:found[0]]) or not re.fullmatch(f"{GAP}*", text[found[3]:]):
        return text
    return f"{text[:found[1]]}[redacted:{found[4]}]{text[found[2]:]}"


def is_kept_session(value):
    return is_text(value) and re.fullmatch("sref:[0-9a-f]{32}", value) is not None


class Cleaner:
    """Redaction, session hashes and number range on values; `is_changed` tells whether anything was repaired."""

    def __init__(self, tenant):
        self.tenant, self.is_changed = tenant, False

    def text(self, text, clean=redacted):
        cleaned = clean(sent_text(text))
        self.is_changed = self.is_changed or "\ufffd" in text or cleaned != sent_text(text)
        return cleaned

    def session(self, value):
        """What is kept of a session id at the top."""
        return sent_text(value) if is_kept_session(value) else self.hashed(value)

    def hashed(self, value):
        text = sent_text(value) if is_text(value) else canonical.value_text(self.unredacted(value))
        return hashlib.sha256(self.tenant.encode() + b"\0" + text.encode()).hexdigest()[:32]

    def unredacted(self, value):
        if isinstance(value, Number):
            return value.plain() if value.is_in_range() else str(value)
        if isinstance(value, Members):
            return {sent_text(name): self.unredacted(item) for name, item in value}
        if isinstance(value, list):
            return [self.unredacted(item) for item in value]
        return sent_text(value) if isinstance(value, str) else value

    def member(self, name, value):
        name = self.text(name)
        kind = key_kind(name)
        if kind == "session":
            return name, value if value is None or is_kept_session(value) else "sref:" + self.hashed(value)
        is_number_kept = isinstance(value, Number) and is_count(value)
        is_text_kept = is_text(value) and is_plain(kind, sent_text(value))
        if kind in ("secret", "header", "pwd") and value is not None and not isinstance(value, bool) and not is_number_kept \
                and not is_text_kept:
            self.is_changed = True
            return name, "[redacted:key]"
        return name, self.value(value)

    def value(self, value):
        if isinstance(value, Number):
            self.is_changed = self.is_changed or not value.is_in_range()
            return value.plain() if value.is_in_range() else str(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Members):
            cleaned = [self.member(name, item) for name, item in value]
            self.is_changed = self.is_changed or len(dict(cleaned)) < len(cleaned)
            return dict(cleaned)
        return [self.value(item) for item in value] if isinstance(value, list) else value
