"""What one store holds for some tenants at one moment, in a form that both stores can be read into."""
import dataclasses

STATE_FIELDS = ("failed_login_attempts", "lock_kind", "lock_reason", "organisation_id", "log_id")
STATE_TIMES = ("account_locked_until", "last_failed_at", "last_success_at", "last_locked_at", "last_reset_at",
               "effective_at")


@dataclasses.dataclass
class Snapshot:
    """Keys are (tenant, log id) and (tenant, account); times are microseconds since 1970, UTC."""
    store: str
    records: dict = dataclasses.field(default_factory=dict)    # content hash in hex
    conflicts: dict = dataclasses.field(default_factory=dict)  # number by tenant
    accounts: dict = dataclasses.field(default_factory=dict)   # {field: value}

    def counts(self, tenant):
        return {"records": sum(key[0] == tenant for key in self.records),
                "conflicts": self.conflicts.get(tenant, 0),
                "accounts": sum(key[0] == tenant for key in self.accounts)}


def missing(snapshot, records, accounts):
    """What a store has not got yet of the records that were sent and of the accounts' newest events, as sentences."""
    lines = [f"{snapshot.store} has no record {log_id} of {tenant}" for tenant, log_id in sorted(records)
             if (tenant, log_id) not in snapshot.records]
    for (tenant, account), log_id in sorted(accounts.items()):
        found = snapshot.accounts.get((tenant, account))
        if found is None:
            lines.append(f"{snapshot.store} has no state of {account} of {tenant}")
        elif found["log_id"] != log_id:
            lines.append(f"{snapshot.store} knows {account} of {tenant} only up to {found['log_id']}, not {log_id}")
    return lines


def differences(one, other):
    """Everything in which two stores differ, as sentences; empty when they hold the same."""
    lines = []
    for have, lack in ((one, other), (other, one)):
        lines += [f"record {log_id} of {tenant} is in {have.store} and not in {lack.store}"
                  for tenant, log_id in sorted(have.records.keys() - lack.records.keys())]
        lines += [f"account {account} of {tenant} is in {have.store} and not in {lack.store}"
                  for tenant, account in sorted(have.accounts.keys() - lack.accounts.keys())]
    lines += [f"record {log_id} of {tenant} has different contents"
              for tenant, log_id in sorted(one.records.keys() & other.records.keys())
              if one.records[tenant, log_id] != other.records[tenant, log_id]]
    for tenant in sorted(one.conflicts.keys() | other.conflicts.keys()):
        counts = one.conflicts.get(tenant, 0), other.conflicts.get(tenant, 0)
        if counts[0] != counts[1]:
            lines.append(f"conflicts of {tenant}: {counts[0]} in {one.store}, {counts[1]} in {other.store}")
    for tenant, account in sorted(one.accounts.keys() & other.accounts.keys()):
        states = one.accounts[tenant, account], other.accounts[tenant, account]
        lines += [f"{field} of {account} of {tenant}: {states[0][field]!r} in {one.store}, "
                  f"{states[1][field]!r} in {other.store}"
                  for field in STATE_FIELDS + STATE_TIMES if states[0][field] != states[1][field]]
    return lines
