"""The lockout mirror from docs/EVENTS.md alone: a plain fold over all versions that speak to an account."""
import unicodedata

RANKS = {"login_failed": 0, "login_success": 1, "lockout_reset": 2, "account_locked": 3}
ATTEMPTS_MOST = 2**31 - 1
PERMANENT_FROM = 253_402_214_400_000_000  # 9999-12-31T00:00:00Z in microseconds
# Unicode's White_Space property; str.strip() would also take the information separators U+001C to U+001F.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


def fold_username(username):
    return unicodedata.normalize("NFC", username.casefold()).strip(WHITE_SPACE)


def accounts_of(event):
    """The accounts that a content (a dict of canonical fields) speaks to."""
    if event["event_type"] not in RANKS:
        return []
    names = []
    if event.get("user_id"):
        names.append("id:" + event["user_id"])
    folded = fold_username(event.get("username") or "")
    if folded:
        names.append("name:" + folded)
    return names[:1] if event["event_type"] == "login_failed" else names


def position(version):
    event = version["event"]
    return (version["effective_at"], RANKS[event["event_type"]], event.get("failed_login_attempts", -1),
            event["log_id"].encode(), bytes.fromhex(version["hash"]))


class Account:
    """What account_lockouts shows of one account."""

    def __init__(self):
        self.attempts, self.kind, self.until, self.reason = 0, "none", None, None
        self.last = {}

    def lock(self, event):
        self.until = event.get("account_locked_until")
        permanent = event.get("lock_kind") == "permanent" or (self.until or 0) >= PERMANENT_FROM
        self.kind = "permanent" if permanent else "temporary"
        self.reason = event.get("lock_reason")

    def unlock(self):
        self.kind, self.until, self.reason = "none", None, None

    def apply(self, version):
        event = version["event"]
        kind, stated = event["event_type"], event.get("failed_login_attempts")
        if kind == "login_failed":
            self.attempts = self.attempts + 1 if stated is None else stated
            if "account_locked_until" in event or "lock_kind" in event:
                self.lock(event)
        elif kind == "account_locked":
            self.attempts = self.attempts if stated is None else stated
            self.lock(event)
        else:
            self.attempts = stated or 0
            if kind == "lockout_reset" or self.kind == "temporary":
                self.unlock()
        self.last[kind] = max(self.last.get(kind, version["effective_at"]), version["effective_at"])

    def shown(self, newest):
        return {
            "failed_login_attempts": min(self.attempts, ATTEMPTS_MOST), "account_locked_until": self.until,
            "lock_kind": self.kind, "lock_reason": self.reason, "last_failed_at": self.last.get("login_failed"),
            "last_success_at": self.last.get("login_success"), "last_locked_at": self.last.get("account_locked"),
            "last_reset_at": self.last.get("lockout_reset"), "organisation_id": newest["event"].get("organisation_id"),
            "log_id": newest["event"]["log_id"], "effective_at": newest["effective_at"],
        }


def fold_accounts(versions):
    """{(tenant, account): shown fields} of all versions (each {"event", "hash", "effective_at"})."""
    by_account = {}
    for version in versions:
        for name in accounts_of(version["event"]):
            by_account.setdefault((version["event"]["tenant_id"], name), []).append(version)
    states = {}
    for key, history in by_account.items():
        history.sort(key=position)
        account = Account()
        for version in history:
            account.apply(version)
        states[key] = account.shown(history[-1])
    return states
