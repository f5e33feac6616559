"""What the quickstart shows: short lines, and tables with one column per store."""
import datetime

from demo.snapshot import STATE_TIMES

SHOWN_STATE = ("failed_login_attempts", "lock_kind", "lock_reason", "account_locked_until", "last_failed_at",
               "last_locked_at", "last_reset_at")


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(f"\n== {text}")


def shown(field, value):
    if value is None:
        return "-"
    if field in STATE_TIMES:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=value)
        return moment.isoformat(sep=" ", timespec="milliseconds") + "Z"
    return str(value)


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("   " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def show_counts(one, other, tenants):
    rows = [("tenant", "", one.store, other.store)]
    for tenant in tenants:
        counts = one.counts(tenant), other.counts(tenant)
        for number, kind in enumerate(counts[0]):
            rows.append((tenant if number == 0 else "", kind, str(counts[0][kind]), str(counts[1][kind])))
    table(rows)


def is_locked(state, now):
    """Never stored: a lock that ends is over when its time has come."""
    until = state["account_locked_until"]
    if state["lock_kind"] == "permanent":
        return True
    return state["lock_kind"] == "temporary" and (until is None or until > now.timestamp() * 1_000_000)


def show_state(one, other, key, now):
    states = [snapshot.accounts.get(key, {}) for snapshot in (one, other)]
    rows = [("", one.store, other.store)]
    rows += [(field, *(shown(field, state.get(field)) for state in states)) for field in SHOWN_STATE]
    rows.append(("locked now", *(("yes" if is_locked(state, now) else "no") if state else "-" for state in states)))
    table(rows)
