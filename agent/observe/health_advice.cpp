#include <algorithm>
#include <array>

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

enum class For : std::uint8_t { kPostgres, kMongodb, kBoth };

/// The first row that fits helps. A code of PostgreSQL fits by its beginning (a class), one of the document store as a
/// whole; where there is no code, `fragment` is part of our own words. "{check}" and "{migrate}" stand for the
/// commands, "{uri}" for the key.
struct AdviceRow {
  For store;
  std::string_view code;
  std::string_view fragment;
  std::string_view advice;
};

constexpr std::string_view kWait =
    "Nothing if it comes back; otherwise look at the server: `systemctl status postgresql`, its log, or the operator "
    "that fails it over. {check} tries a connection.";
constexpr std::string_view kLocks =
    "Nothing if it passes; otherwise look for locks and load (`SELECT pid, state, wait_event_type, query_start FROM "
    "pg_stat_activity`) and for a short limit (`ALTER ROLE ... RESET statement_timeout`, `lock_timeout`).";
constexpr std::string_view kRoom =
    "Free space on the server's disks (`df -h` on its data directory, old WAL, dead replication slots: `SELECT * FROM "
    "pg_replication_slots`); twinlog goes on by itself.";
constexpr std::string_view kCrowd =
    "End idle sessions (`SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2`), raise max_connections, "
    "or lift the limit of the role: `ALTER ROLE ... CONNECTION LIMIT -1`.";
constexpr std::string_view kPooler =
    "Look at the pooler (`SHOW POOLS`, `SHOW CLIENTS` in PgBouncer): raise its limits, or give twinlog a session pool "
    "or the server itself in stores.postgres.uri.";
// What is refused of records and conflicts becomes dead letters and holds nothing; this is of what stands beside them.
constexpr std::string_view kBesideRecords =
    "Find the constraint or trigger that was added to a table beside the records (`\\d account_lockouts`, `\\d "
    "twinlog_agents` in psql) and drop or loosen it; twinlog tries again by itself and nothing is lost.";
constexpr std::string_view kMigrate =
    "Run {migrate} as the owner of the tables, or let that owner grant what is missing; {check} says what that is.";

constexpr auto kAdvice = std::to_array<AdviceRow>({
    {For::kPostgres, "25006", "",
     "Is it a standby (`SELECT pg_is_in_recovery()`)? Promote it, or name every host of the cluster in "
     "stores.postgres.uri. If not: `ALTER ROLE ... RESET default_transaction_read_only`, the same for the database."},
    {For::kPostgres, "28", "",
     "Correct user or password: stores.postgres.uri, stores.postgres.password_file (read again at every try), "
     "pg_hba.conf and `ALTER ROLE ... LOGIN PASSWORD`; {check} tries it."},
    {For::kPostgres, "3D", "",
     "Create the database (`createdb`), or correct its name in stores.postgres.uri and restart; {check} tries it."},
    {For::kPostgres, "3F", "",
     "`CREATE SCHEMA` and `GRANT USAGE ON SCHEMA` to the role, or `ALTER ROLE ... SET search_path`; {check} tries it."},
    {For::kPostgres, "57P04", "", "The database was dropped: restore it, or correct stores.postgres.uri and restart."},
    {For::kPostgres, "42501", "twinlog migrate", kMigrate},
    {For::kPostgres, "42501", "",
     "`GRANT twinlog_writer TO` the role of stores.postgres.uri; {check} names the right that is missing."},
    {For::kPostgres, "42P05", "", kPooler},
    {For::kPostgres, "26000", "", kPooler},
    {For::kPostgres, "08P01", "", kPooler},
    {For::kPostgres, "42", "", kMigrate},
    {For::kPostgres, "0A", "", kMigrate},
    {For::kPostgres, "53100", "", kRoom},
    {For::kPostgres, "53200", "",
     "Give the server memory (`free -m` on its host; work_mem, shared_buffers, other sessions); twinlog goes on by "
     "itself."},
    {For::kPostgres, "53300", "", kCrowd},
    {For::kPostgres, "55006", "", kCrowd},
    {For::kPostgres, "55P03", "", kLocks},
    {For::kPostgres, "57014", "", kLocks},
    {For::kPostgres, "55000", "", "`ALTER DATABASE ... ALLOW_CONNECTIONS true`; {check} tries it."},
    {For::kPostgres, "54001", "", kBesideRecords},
    {For::kPostgres, "53", "", kRoom},
    {For::kPostgres, "54", "", kRoom},
    {For::kPostgres, "58", "", kRoom},
    {For::kPostgres, "23514", "no partition",
     "Create the partition that is missing (`CREATE TABLE ... PARTITION OF auth_logs`), or a DEFAULT one."},
    {For::kPostgres, "21", "", kBesideRecords},
    {For::kPostgres, "22", "", kBesideRecords},
    {For::kPostgres, "23", "", kBesideRecords},
    {For::kPostgres, "40", "", kLocks},
    {For::kPostgres, "57", "", kWait},
    {For::kPostgres, "08", "", kWait},
    {For::kPostgres, "25", "", "Nothing if it passes; otherwise keep the log, see {check}, and report it as a defect."},
    {For::kPostgres, "2D", "", "Nothing if it passes; otherwise keep the log, see {check}, and report it as a defect."},
    {For::kPostgres, "XX", "",
     "Stop writing to that server, check it (`pg_amcheck`, `dmesg` on its host) and restore or `REINDEX`; the spool "
     "keeps the events meanwhile, see its size in the component spool."},
    {For::kPostgres, "", "certificate",
     "Look at sslmode, sslrootcert, sslcert and sslkey in stores.postgres.uri and at the certificate's dates (`openssl "
     "x509 -noout -dates -subject -in FILE`); {check} tries it."},
    {For::kPostgres, "", "TLS",
     "Set `ssl = on` at the server, or another sslmode in stores.postgres.uri; {check} tries it."},
    {For::kPostgres, "", "cannot be resolved",
     "Correct the host in stores.postgres.uri, or DNS (`getent hosts NAME`); {check} tries it."},
    {For::kPostgres, "", "asks for a password", "Set stores.postgres.password_file and restart; {check} tries it."},
    {For::kPostgres, "", "did not answer",
     "See whether the server hangs (load, locks, disk) or a firewall drops packets on the way; {check} tries a "
     "connection."},
    {For::kPostgres, "", "no connection to",
     "Start the server (`systemctl status postgresql`), or correct host and port in stores.postgres.uri; {check} tries "
     "a connection."},
    {For::kPostgres, "", "connection to PostgreSQL broke", kWait},
    {For::kPostgres, "", "twinlog migrate", kMigrate},
    {For::kPostgres, "", "too old",
     "Upgrade PostgreSQL to version 14 or newer, or point stores.postgres.uri to one that is."},
    {For::kPostgres, "", "encoding",
     "Make a database with `createdb --encoding=UTF8 --template=template0`, and name it in stores.postgres.uri."},
    {For::kBoth, "", "position in the store changed",
     "Nothing if the store was restored or emptied on purpose: twinlog sends again what the spool still has. Otherwise "
     "look in twinlog_agents (`SELECT * FROM twinlog_agents`, `db.twinlog_agents.find()`) for an agent that runs on a "
     "copy of this spool, and stop it."},
    {For::kMongodb, "11", "",
     "Correct user or password: stores.mongodb.uri (authSource!), stores.mongodb.password_file (read again at every "
     "try); {check} tries it."},
    {For::kMongodb, "18", "",
     "Correct user or password: stores.mongodb.uri (authSource!), stores.mongodb.password_file (read again at every "
     "try); {check} tries it."},
    {For::kMongodb, "13", "",
     "`db.grantRolesToUser(USER, [{role: \"readWrite\", db: DATABASE}])` for the user of stores.mongodb.uri; {check} "
     "names the right that is missing."},
    {For::kMongodb, "64", "", "Look at the replica set (`rs.status()`): a majority of its members must be up."},
    {For::kMongodb, "100", "", "Look at the replica set (`rs.status()`): a majority of its members must be up."},
    {For::kMongodb, "14031", "", "Free space on the server's disk (`df -h` on its dbPath); twinlog goes on by itself."},
    {For::kMongodb, "12501", "", "Raise the storage limit or free space (`db.stats()`); twinlog goes on by itself."},
    {For::kMongodb, "121", "",
     "Loosen the validator: `db.runCommand({collMod: \"auth_logs\", validator: {}})`, and for the other collections of "
     "twinlog that have one (`db.getCollectionInfos()`)."},
    {For::kMongodb, "11000", "",
     "Drop the unique index that was added: `db.auth_logs.getIndexes()`, `db.auth_logs.dropIndex(NAME)`."},
    {For::kMongodb, "17280", "", "Drop the index whose key gets too long: `db.auth_logs.getIndexes()`."},
    {For::kMongodb, "67", "",
     "See how many indexes the collection that is named has (`getIndexes()` of it, 64 at most) and what the server's "
     "own log "
     "says of the one that is named, mend that, then run {migrate}."},
    {For::kMongodb, "85", "",
     "Drop the index that is in the way (`getIndexes()` of the collection that is named), then run {migrate}."},
    {For::kMongodb, "86", "",
     "Drop the index that is in the way (`getIndexes()` of the collection that is named), then run {migrate}."},
    {For::kMongodb, "166", "",
     "Give twinlog a database of its own in stores.mongodb.uri and restart; {check} tries it."},
    {For::kMongodb, "73", "", "Correct the database's name in stores.mongodb.uri and restart; {check} tries it."},
    {For::kMongodb, "", "twinlog migrate", "Run {migrate}, or set stores.mongodb.migrate = true and restart."},
    {For::kMongodb, "", "user or password",
     "Correct user or password: stores.mongodb.uri (authSource!), stores.mongodb.password_file (read again at every "
     "try); {check} tries it."},
    {For::kMongodb, "", "TLS", "Correct the TLS options in stores.mongodb.uri and restart; {check} tries it."},
});

/// Where no row fits: by what the courier does about it.
std::string_view general_advice(Reaction reaction) {
  switch (reaction) {
    case Reaction::kRetry:
    case Reaction::kRetrySmaller:
      return "Nothing if it passes; otherwise look at the server's load and its own log, and look the code up in its "
             "manual. {check} tries a connection.";
    case Reaction::kReconnect:
    case Reaction::kReconnectSmaller:
      return "See whether the server runs, takes writes and can be reached: `systemctl status` on its host (a replica "
             "set: `rs.status()`), host, port and TLS options in {uri}, firewalls; {check} tries a connection.";
    case Reaction::kRetrySlowly:
      return "Free space (`df -h`) or raise the limit at the server; twinlog goes on by itself.";
    case Reaction::kHold:
      return "Do what the diagnosis says at the server or in {uri}; {check} tells what is still missing.";
    case Reaction::kPoison:
      return "Events that the server refuses for good become dead letters, which hold nothing: `twinlog spool "
             "dead-letters list` shows why; look for a constraint, validator or index that was added, and loosen it.";
    case Reaction::kStop:
      break;
  }
  return "Stop writing to that server, check its disk (`dmesg`) and restore it; the spool keeps the events meanwhile.";
}

bool fits(const AdviceRow& row, StoreId store, const StoreError& error) {
  if (row.store != For::kBoth && (row.store == For::kPostgres) != (store == StoreId::kPostgres)) {
    return false;
  }
  const bool has_code =
      store == StoreId::kPostgres && !row.code.empty() ? error.code.starts_with(row.code) : error.code == row.code;
  return has_code && error.words.find(row.fragment) != std::string::npos;
}

void fill_in(std::string& text, std::string_view place, const std::string& value) {
  for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place, at + value.size())) {
    text.replace(at, place.size(), value);
  }
}

}  // namespace

std::string advice_for(StoreId store, const StoreError& error, const std::string& config) {
  const auto* const row =
      std::ranges::find_if(kAdvice, [&](const AdviceRow& each) { return fits(each, store, error); });
  std::string text(row != kAdvice.end() ? row->advice : general_advice(error.reaction));
  fill_in(text, "{check}", twinlog_command("check --stores", config));
  fill_in(text, "{migrate}", twinlog_command("migrate", config));
  fill_in(text, "{uri}", "stores." + std::string(store_name(store)) + ".uri");
  return text;
}

}  // namespace twinlog
