"""The short incident that the quickstart plays: what is sent, in which order, and which way."""
import dataclasses
import datetime
import re
import secrets

HTTP, SOCKET = "HTTP", "socket"
GUESSER = "203.0.113.77"
GUESSES = 10
# In the order of rank: at the same moment the later one in this list is the newer one.
LOCKOUT_TYPES = ("login_failed", "login_success", "lockout_reset", "account_locked")


@dataclasses.dataclass(frozen=True)
class Act:
    title: str
    way: str
    events: list


@dataclasses.dataclass(frozen=True)
class Tenants:
    """A shop and a bank; their ids are this run's own where the stores are the caller's."""
    shop: str
    bank: str

    def all(self):
        return [self.shop, self.bank]


def uuid7(moment):
    """A log id as RFC 9562 makes it: the time first, so that ids sort by time; chosen before the first send."""
    value = int(moment.timestamp() * 1000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def rfc3339(moment):
    return moment.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Script:
    """Writes the events with times that lie in the last minutes before `now`."""

    def __init__(self, now, tenants):
        self.now = now
        self.tenants = tenants
        self.alice = {"tenant_id": tenants.shop, "user_id": "u-1041", "username": "alice"}

    def event(self, minutes_ago, event_type, who, **more):
        moment = self.now - datetime.timedelta(minutes=minutes_ago)
        return {"log_id": uuid7(moment), "event_type": event_type, "occurred_at": rfc3339(moment), **who, **more}

    def web_logins(self):
        events = []
        for number, name in enumerate(("alice", "bruno", "chiara", "dmitri", "eve", "farid")):
            who = {"tenant_id": self.tenants.shop, "user_id": f"u-{1041 + number}", "username": name}
            events.append(self.event(30 - number, "login_success", who, channel="web", ip=f"198.51.100.{10 + number}",
                                     service="checkout", auth_method="password"))
        for number, name in enumerate(("greta", "hiro", "ines")):
            who = {"tenant_id": self.tenants.bank, "user_id": f"c-{77 + number}", "username": name}
            events.append(self.event(29 - number, "login_failed", who, channel="web", ip=f"192.0.2.{20 + number}",
                                     service="netbank", failure_reason="wrong_password"))
            events.append(self.event(28 - number, "login_success", who, channel="web", ip=f"192.0.2.{20 + number}",
                                     service="netbank", auth_method="passkey"))
        # A sender may leave the id to the agent, which returns it.
        del events[-1]["log_id"]
        return Act("People log in on the web, some after a slip of the finger", HTTP, events)

    def mobile_logins(self):
        events = []
        for number in range(8):
            tenant, prefix = ((self.tenants.shop, "u-20"), (self.tenants.bank, "c-30"))[number % 2]
            who = {"tenant_id": tenant, "user_id": f"{prefix}{number}"}
            events.append(self.event(24 - number, "login_success", who, channel="mobile", ip=f"2001:db8::{number + 1}",
                                     service="app", user_agent="TwinShop/7.2 (Android 15)", auth_method="biometric",
                                     metadata={"device": f"d-{number}", "attested": number % 3 != 0}))
        return Act("Phones log in", SOCKET, events)

    def guessing(self):
        events = []
        for guess in range(GUESSES):
            events.append(self.event(12 - guess * 0.5, "login_failed", self.alice, channel="web", ip=GUESSER,
                                     service="checkout", user_agent="python-requests/2.31", auth_method="password",
                                     failure_reason="wrong_password"))
        lock = self.event(7, "account_locked", self.alice, channel="web", ip=GUESSER, lock_kind="temporary",
                          lock_reason="too_many_failures", failed_login_attempts=GUESSES,
                          account_locked_until=rfc3339(self.now + datetime.timedelta(minutes=30)))
        # What an attacker types is repaired and kept, never refused: here a NUL and a script.
        odd = self.event(6.5, "login_failed", {"tenant_id": self.tenants.shop, "username": "admin'--\0<script>"},
                         channel="web", ip=GUESSER, service="checkout", failure_reason="unknown_user")
        return Act(f"Someone at {GUESSER} guesses alice's password {GUESSES} times; the auth service locks the account",
                   HTTP, events + [lock, odd])

    def repeated(self, act):
        return Act("The phones' network hiccups: their last three events are sent again", SOCKET, act.events[-3:])

    def unlock(self):
        reset = self.event(2, "lockout_reset", self.alice, actor_id="admin-7", channel="web", ip="198.51.100.2",
                           service="backoffice", reset_reason="caller_identified")
        return Act("An administrator unlocks alice", HTTP, [reset])


def accounts_of(event):
    """The accounts whose lockout state an event speaks to."""
    if event["event_type"] not in LOCKOUT_TYPES:
        return []
    by_name = re.sub(r"[\x00-\x1f]", "\N{REPLACEMENT CHARACTER}", event.get("username", "")).casefold()
    accounts = [f"id:{event['user_id']}"] if "user_id" in event else []
    if by_name and (not accounts or event["event_type"] != "login_failed"):
        accounts.append(f"name:{by_name}")
    return accounts


def newest_by_account(events):
    """{(tenant, account): log_id of the newest event that speaks to it}: what a store must have got to."""
    newest = {}
    for event in events:
        position = (event["occurred_at"], LOCKOUT_TYPES.index(event["event_type"]))
        for account in accounts_of(event):
            key = (event["tenant_id"], account)
            if key not in newest or position > newest[key][0]:
                newest[key] = (position, event["log_id"])
    return {key: log_id for key, (_, log_id) in newest.items()}
