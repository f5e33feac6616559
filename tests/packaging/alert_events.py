"""Events of the scenes: each its own, and such that are large and do not compress."""
import itertools
import json
import random
import time

numbers = itertools.count()


def event(**members):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{next(numbers)}", "event_type": "login_failed", "user_id": "u1",
                       "occurred_at": time.time_ns() // 1_000_000, **members}).encode()


def large(kind):
    return event(event_type=kind, user_agent=random.randbytes(500).hex())


def random_metadata():
    return {"x": random.randbytes(3500).hex()}
