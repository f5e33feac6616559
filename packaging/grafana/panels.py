"""The panels of the dashboard, row by row: what each shows, in which unit, and what a reader is to make of it."""

HERE = 'instance=~"$instance"'
AT = "{{instance}}"
STORE = "{{store}} {{instance}}"
NO_LOSS = {"0": ("none", "green")}


def series(name, *labels):
    return f"{name}{{{','.join([HERE, *labels])}}}"


def rate(name, *labels):
    return f"rate({series(name, *labels)}[$__rate_interval])"


def by(labels, what):
    return f"sum by ({labels}) ({what})"


def quantile(share, name, labels="instance"):
    return f"histogram_quantile({share}, sum by (le, {labels}) ({rate(name + '_bucket')}))"


def stat(title, unit, description, expression, legend=AT, **more):
    return {"kind": "stat", "title": title, "unit": unit, "description": description, "queries": [(legend, expression)], **more}


def graph(title, unit, description, *queries, **more):
    return {"kind": "timeseries", "title": title, "unit": unit, "description": description, "queries": list(queries), **more}


RECORD = [
    stat("State", "short", "The overall state of the health page; twinlog status says what is wrong and what helps.",
         'sum by (instance) (' + series("twinlog_state", 'state="degraded"') + ' + ignoring (state) 2 * ' +
         series("twinlog_state", 'state="failing"') + ')',
         words={"0": ("ok", "green"), "1": ("degraded", "orange"), "2": ("failing", "red")}),
    stat("Lost events", "short", "Answered as stored and gone, until somebody acknowledges it. It should say none, always.",
         by("instance", series("twinlog_spool_lost_events")), words=NO_LOSS, red_from=1),
    stat("Dead letters", "short", "Refused by a store for good: that store lacks them until they are replayed or discarded.",
         by("instance, store", series("twinlog_dead_letters")), STORE, words=NO_LOSS, red_from=1),
    stat("Gaps declared", "short", "Leaves of the ledger since the start that name lost or refused events.",
         by("instance", series("twinlog_ledger_gaps_total")), words=NO_LOSS, red_from=1),
    stat("Audit findings", "short", "Records that the self-audit found missing or changed in a store since the start.",
         by("instance, store", series("twinlog_ledger_audited_leaves_total", 'result=~"missing|modified"')), STORE,
         words=NO_LOSS, red_from=1),
    stat("Age of the checkpoint", "s", "Since the last leaf under the newest signed checkpoint.",
         "time() - " + series("twinlog_ledger_last_checkpoint_timestamp_seconds"), red_from=900),
    graph("Answers", "eps", "What senders were told. A busy event is the sender's to send again; a rejected one is no event.",
          ("{{result}}", by("result", rate("twinlog_ingest_events_total")))),
    graph("Lag of each store", "s", "Age of the oldest event that a store does not have yet; 0: it has everything.",
          (STORE, series("twinlog_store_lag_seconds"))),
    graph("Events that wait", "short", "Accepted and not in this store yet; they lie in the spool.",
          (STORE, series("twinlog_store_pending_records"))),
    graph("Leaves without a checkpoint", "short", "Not proved yet: it falls to 0 each time that the agent signs.",
          (AT, series("twinlog_ledger_leaves") + " - " + series("twinlog_ledger_checkpoint_leaves"))),
    graph("Dead letters and their share", "percentunit", "What they take of spool.dead_letters_max. When the next lot does not "
          "fit, the store that refuses it gets nothing more.",
          (AT, by("instance", series("twinlog_dead_letters_bytes")) + " / on (instance) " +
           series("twinlog_dead_letters_max_bytes")), red_from=0.8),
    graph("Leaves read back", "short", "By the self-audit, in the last hour. None for long: a store cannot be read.",
          ("{{result}} {{store}}", by("result, store", "increase(" + series("twinlog_ledger_audited_leaves_total") + "[1h])"))),
]
INTAKE = [
    graph("Accepted by type", "eps", "Stored durably as a new record or a conflict.",
          ("{{type}}", by("type", rate("twinlog_accepted_events_total")))),
    graph("Accepted by channel", "eps", "A channel that falls silent has stopped sending.",
          ("{{channel}}", by("channel", rate("twinlog_accepted_events_total")))),
    graph("Time to an answer", "s", "From a complete request or complete lines to their answer. It holds the sync of the spool.",
          ("half of them {{transport}}", quantile(0.5, "twinlog_ingest_answer_seconds", "transport")),
          ("99 of 100 {{transport}}", quantile(0.99, "twinlog_ingest_answer_seconds", "transport"))),
    graph("Rejected", "eps", "By the field and what is wrong with it: a sender makes events that are none.",
          ("{{field}} {{reason}}", by("field, reason", rate("twinlog_ingest_rejected_total")) + " > 0")),
    graph("HTTP requests", "reqps", "Answered, by status.",
          ("{{code}}", by("code", rate("twinlog_ingest_http_requests_total")) + " > 0")),
    graph("Connections", "short", "Open now.", ("{{transport}} {{instance}}", series("twinlog_ingest_connections"))),
    graph("Turned away or cut", "cps", "Peers that are on no list, and connections that a limit closed.",
          ("turned away", "sum(" + rate("twinlog_ingest_peers_refused_total") + ")"),
          ("cut {{transport}}", by("transport", rate("twinlog_ingest_connections_cut_total")))),
    graph("Secrets taken out", "eps", "Replaced before anything was kept, by rule. A sender should not send them.",
          ("{{rule}}", by("rule", rate("twinlog_redactions_total")) + " > 0")),
    graph("Repairs", "eps", "What was mended in events, by rule, and times that no clock gives.",
          ("{{rule}}", by("rule", rate("twinlog_repairs_total")) + " > 0"),
          ("implausible time", "sum(" + rate("twinlog_ingest_implausible_times_total") + ") > 0")),
]
SPOOL = [
    stat("Spool used", "percentunit", "Of what it may take as things are. In the last tenth only the four base types are taken.",
         series("twinlog_spool_size_bytes") + " / " + series("twinlog_spool_limit_bytes"), red_from=0.8),
    stat("Full in", "s", "At the last minute's rate. Empty or infinite: it does not grow.",
         series("twinlog_spool_full_in_seconds") + " < +Inf", red_below=3600),
    stat("Takes", "short", "Which events are taken at all.",
         series("twinlog_spool_base_types_only") + " + " + series("twinlog_spool_full"),
         words={"0": ("everything", "green"), "1": ("base types", "orange"), "2": ("nothing", "red")}),
    stat("Can write", "short", "Whether the last write to the disk succeeded.", series("twinlog_spool_writable"),
         words={"0": ("no", "red"), "1": ("yes", "green")}),
    stat("Damaged copies", "short", "Folders with files as they were found damaged, until somebody takes them away.",
         series("twinlog_spool_damaged_copies"), words=NO_LOSS, red_from=1),
    stat("Volume", "bytes", "What the volume of the spool would still give.", series("twinlog_spool_volume_free_bytes")),
    graph("Size", "bytes", "What the spool takes, may take now, and may take where its volume has room.",
          ("size {{instance}}", series("twinlog_spool_size_bytes")), ("limit {{instance}}", series("twinlog_spool_limit_bytes")),
          ("capacity {{instance}}", series("twinlog_spool_capacity_bytes"))),
    graph("Time of a commit", "s", "Its sync included: what every answer waits for.",
          ("half of them", quantile(0.5, "twinlog_spool_commit_seconds")),
          ("99 of 100", quantile(0.99, "twinlog_spool_commit_seconds"))),
    graph("Events of a commit", "short", "How many share one sync.",
          (AT, by("instance", rate("twinlog_spool_commit_events_total")) + " / " +
           by("instance", rate("twinlog_spool_commits_total")))),
    graph("Refused by the disk", "short", "Commits and syncs in the last minutes that failed. Every event of them was told busy.",
          ("commits {{instance}}", "increase(" + series("twinlog_spool_commit_errors_total") + "[5m])"),
          ("syncs {{instance}}", "increase(" + series("twinlog_spool_sync_errors_total") + "[5m])")),
]
STORES = [
    graph("Connected", "short", "1 while connected.", (STORE, series("twinlog_store_connected"))),
    graph("Delivered", "eps", "By what the store made of them.",
          ("{{result}} {{store}}", by("result, store", rate("twinlog_store_records_total")))),
    graph("Time of a flush", "s", "How long a store took to confirm.",
          ("half of them {{store}}", quantile(0.5, "twinlog_store_flush_seconds", "store")),
          ("99 of 100 {{store}}", quantile(0.99, "twinlog_store_flush_seconds", "store"))),
    graph("Failures by reaction", "eps", "hold, poison, stop and retry_slowly need somebody; the others may pass by themselves.",
          ("{{reaction}} {{store}}", by("reaction, store", rate("twinlog_store_errors_total")) + " > 0")),
    graph("Rounds of a flush", "short", "Answers waited for in one flush.",
          ("{{store}}", by("store", rate("twinlog_store_round_trips_total")) + " / " +
           by("store", rate("twinlog_store_batches_total")))),
    graph("Clocks", "s", "The store's clock minus the agent's.", (STORE, series("twinlog_store_clock_offset_seconds")), signed=True),
    graph("Went back or ahead", "short", "Times that a store had forgotten events, and whether it knows more than the spool.",
          ("sent again {{store}}", series("twinlog_store_rewinds_total")), ("ahead {{store}}", series("twinlog_store_position_ahead"))),
]
PROCESS = [
    graph("Processor", "percentunit", "Of one processor.", (AT, rate("twinlog_process_cpu_seconds_total"))),
    graph("Memory", "bytes", "In RAM.", (AT, series("twinlog_process_resident_memory_bytes"))),
    graph("Descriptors", "percentunit", "Open, of those that may be.",
          (AT, series("twinlog_process_open_fds") + " / " + series("twinlog_process_max_fds")), red_from=0.8),
    graph("Threads", "short", "Of the process.", (AT, series("twinlog_process_threads"))),
    graph("Up for", "s", "Since the start of the process.", (AT, "time() - " + series("twinlog_process_start_time_seconds"))),
    graph("Reloads", "short", "Of the configuration, in the last hour.",
          ("{{result}} {{instance}}", "increase(" + series("twinlog_config_reloads_total") + "[1h])")),
]
ROWS = [("The record", RECORD), ("Intake", INTAKE), ("Spool", SPOOL), ("Stores", STORES), ("Process", PROCESS)]
