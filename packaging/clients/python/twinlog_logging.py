"""A handler of Python's logging that records authentication events.

    handler = twinlog_logging.AuthEventHandler(twinlog_client.Client(), tenant_id="acme", service="shop")
    logging.getLogger("shop.auth").addHandler(handler)
    logging.getLogger("shop.auth").warning("login of %s failed", name, extra={"auth_event": {
        "event_type": "login_failed", "username": name, "ip": address, "failure_reason": "wrong password"}})

A log record that carries no auth_event is none of this handler's. What is sent are the members of auth_event, as the page on
events has them, and where they are missing the handler's tenant_id and service, the record's time, and the logger's name and
level as metadata. The message is not sent: nobody looks for secrets in it. emit() never waits: see the client's when_full.
"""
import logging

import twinlog_client

ATTRIBUTE = "auth_event"


class AuthEventHandler(logging.Handler):
    def __init__(self, client, *, tenant_id, service=None, level=logging.NOTSET):
        super().__init__(level)
        self.client = client
        self.members = {"tenant_id": tenant_id, **({"service": service} if service else {})}

    def emit(self, record):
        event = getattr(record, ATTRIBUTE, None)
        if not isinstance(event, dict) or record.name == twinlog_client.log.name:
            return
        try:
            origin = {"logger": record.name, "level": record.levelname}
            metadata = event.get("metadata")
            self.client.record({**self.members, "occurred_at": int(record.created * 1000), **event,
                                "metadata": {**origin, **metadata} if isinstance(metadata, dict) else origin})
        except Exception:  # pylint: disable=broad-except  # As logging wants it: a login must not fail by its log.
            self.handleError(record)

    def close(self):
        self.client.close()
        super().close()
