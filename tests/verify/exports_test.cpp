// Exports, as PostgreSQL's row_to_json and MongoDB's Extended JSON have them, read back as what they are.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ledger/base/base64.h"
#include "ledger/record/canonical.h"
#include "plugins/exports/export_reader.h"
#include "tests/support/temp_folder.h"
#include "tests/verify/attacked.h"

namespace twinlog::testing {
namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out.append(c == '\n' ? "\\n" : std::string(c == '"' || c == '\\' ? 1 : 0, '\\') + c);
  }
  return out + "\"";
}

/// Writes members of one line in one of the two dialects.
class Line {
 public:
  explicit Line(ExportDialect dialect) : dialect_(dialect) {}
  Line& json(std::string_view name, const std::string& value) {
    out_.append(out_.empty() ? "{" : ",").append(in_quotes(name)).append(":").append(value);
    return *this;
  }
  Line& text(std::string_view name, const std::optional<std::string>& value) {
    return value ? json(name, in_quotes(*value)) : none(name);
  }
  Line& number(std::string_view name, std::int64_t value) {
    return json(name, is_document() ? R"({"$numberLong":")" + std::to_string(value) + "\"}" : std::to_string(value));
  }
  Line& binary(std::string_view name, std::string_view bytes) {
    return json(name, is_document() ? R"({"$binary":{"base64":")" + base64(bytes) + R"(","subType":"00"}})"
                                    : "\"\\\\x" + hex(bytes) + "\"");
  }
  Line& time(std::string_view name, UtcMicros time) {
    if (!is_document()) {
      std::string words = utc_micros_text(time);
      words.replace(words.size() - 1, 1, "+00:00");
      return json(name, in_quotes(words));
    }
    json(name, R"({"$date":{"$numberLong":")" + std::to_string(time / 1000) + "\"}}");
    return number(std::string(name) + "_us", time);
  }
  Line& maybe_time(std::string_view name, const std::optional<UtcMicros>& value) {
    return value ? time(name, *value) : none(name);
  }
  std::string end() const { return out_ + "}\n"; }
  bool is_document() const { return dialect_ == ExportDialect::kMongodb; }

 private:
  Line& none(std::string_view name) { return is_document() ? *this : json(name, "null"); }
  ExportDialect dialect_;
  std::string out_;
};

std::string version_line(const LedgerRow& row, ExportDialect dialect) {
  const Version& version = row.version;
  const AuthEvent& event = version.event;
  Line line(dialect);
  if (line.is_document()) {
    line.text("_id", event.tenant_id + "/" + event.log_id + (row.is_conflict ? "/" + hex(version.content_hash) : ""));
  }
  line.text("tenant_id", event.tenant_id).text("log_id", event.log_id).text("event_type", event.event_type);
  line.time("occurred_at", event.occurred_at).text("user_id", event.user_id).text("username", event.username);
  line.text("ip", event.ip).text("account", event.account).text("lock_reason", event.lock_reason);
  if (event.lock_kind) {
    line.text("lock_kind", std::string(lock_kind_text(*event.lock_kind)));
  }
  if (event.metadata) {
    line.json("metadata", *event.metadata);
  }
  line.time("received_at", version.received_at).time("effective_at", version.effective_at).text("agent", version.agent);
  line.binary("content_hash", as_text(version.content_hash)).text("epoch_id", uuid_text(version.epoch_id));
  line.number("leaf_index", static_cast<std::int64_t>(version.leaf_index));
  if (!row.is_conflict) {
    line.json("has_conflict", row.has_conflict ? "true" : "false");
  }
  line.number("tenant_seq", static_cast<std::int64_t>(*row.tenant_seq)).number("ingress", 1);
  line.number("peer_uid", version.arrival.uid).number("peer_gid", version.arrival.gid);
  return line.binary("record_key", as_text(version.ledger->record_key)).end();
}

std::string account_line(const LedgerAccountRow& row, ExportDialect dialect) {
  const ShownAccount& shown = row.account;
  Line line(dialect);
  line.text("tenant_id", row.key.tenant_id).text("account", row.key.account);
  line.number("failed_login_attempts", shown.failed_login_attempts);
  line.maybe_time("account_locked_until", shown.account_locked_until);
  line.text("lock_kind", std::string(lock_kind_text(shown.lock_kind))).text("lock_reason", shown.lock_reason);
  line.maybe_time("last_failed_at", shown.last_failed_at).maybe_time("last_success_at", shown.last_success_at);
  line.maybe_time("last_locked_at", shown.last_locked_at).maybe_time("last_reset_at", shown.last_reset_at);
  line.text("organisation_id", shown.organisation_id).text("log_id", shown.log_id);
  return line.time("effective_at", shown.effective_at).binary("fold_state", row.state).end();
}

void append(const std::filesystem::path& folder, const std::string& table, const std::string& line) {
  std::ofstream(folder / (table + ".ndjson"), std::ios::app | std::ios::binary) << line;
}

void write_ledger(const std::filesystem::path& folder, const StoreImage& image, ExportDialect dialect) {
  for (const LedgerEpochRow& row : image.epochs) {
    Line line(dialect);
    line.text("epoch_id", row.epoch_id).text("origin", row.origin).binary("open", row.open).text("note", row.note);
    append(folder, "ledger_epochs", line.end());
  }
  for (const LedgerTileRow& row : image.tiles) {
    Line line(dialect);
    line.text("epoch_id", uuid_text(row.epoch_id)).number("first_index", static_cast<std::int64_t>(row.first_index));
    line.number("leaf_count", static_cast<std::int64_t>(row.leaf_count)).time("first_accept_at", row.first_accept_at);
    append(folder, "ledger_tiles", line.time("last_accept_at", row.last_accept_at).binary("hashes", row.hashes).end());
  }
  for (const LedgerLeafRow& row : image.leaves) {
    Line line(dialect);
    line.text("epoch_id", uuid_text(row.epoch_id)).number("leaf_index", static_cast<std::int64_t>(row.leaf_index));
    line.binary("leaf", row.leaf).text("tenant_id", row.tenant_id).text("log_id", row.log_id);
    if (row.record_key) {
      line.number("tenant_seq", static_cast<std::int64_t>(*row.tenant_seq))
          .binary("record_key", as_text(*row.record_key));
    }
    append(folder, "ledger_leaves", line.end());
  }
  for (const LedgerCheckpointRow& row : image.checkpoints) {
    Line line(dialect);
    line.text("epoch_id", uuid_text(row.epoch_id)).number("size", static_cast<std::int64_t>(row.size));
    append(folder, "ledger_checkpoints",
           line.binary("root", row.root).text("note", row.note).time("accepted_at", row.accepted_at).end());
  }
}

void write_export(const std::filesystem::path& folder, const StoreImage& image, ExportDialect dialect) {
  for (const char* table : {"auth_logs", "auth_log_conflicts", "account_lockouts", "ledger_epochs", "ledger_tiles",
                            "ledger_leaves", "ledger_checkpoints"}) {
    append(folder, table, "");
  }
  for (const LedgerRow& row : image.rows) {
    append(folder, row.is_conflict ? "auth_log_conflicts" : "auth_logs", version_line(row, dialect));
  }
  for (const LedgerAccountRow& row : image.accounts) {
    append(folder, "account_lockouts", account_line(row, dialect));
  }
  write_ledger(folder, image, dialect);
}

class Exports : public Attacked {
 protected:
  Exports() {
    Epoch next(world_, {.seed = 2, .at = now_, .reason = OpenReason::kRestart, .previous = &*first_});
    AuthEvent rich = login("acme", "m1");
    rich.metadata = R"({"a.b":[1,2.5,null,true],"n":1e+30,"z":{"q":"ä\"\\"}})";
    next.event(rich);
    next.heartbeat();
    next.close();
    now_ = next.now();
  }
  void write() {
    for (const std::string& folder : {postgres_, mongodb_}) {
      std::filesystem::remove_all(folder);
      std::filesystem::create_directory(folder);
    }
    write_export(postgres_, world_.postgres(), ExportDialect::kPostgres);
    StoreImage documents = world_.mongodb();
    for (LedgerRow& row : documents.rows) {
      if (row.version.event.metadata) {  // As the document store has it: keys encoded, numbers in their own forms.
        row.version.event.metadata =
            R"({"a%2Eb":[{"$numberLong":"1"},{"$numberDouble":"2.5"},null,true],"n":{"$numberDouble":"1e+30"},"z":{"q":"ä\"\\"}})";
      }
    }
    write_export(mongodb_, documents, ExportDialect::kMongodb);
  }
  Verified run_exports(std::string* error = nullptr) {
    Verified verified;
    FindingLog log({}, [&](const Finding& finding, Judged known) {
      verified.findings.push_back(finding);
      verified.lines.push_back(finding_json(finding, known));
    });
    const auto first = make_export_reader(ExportDialect::kPostgres, postgres_);
    const auto second = make_export_reader(ExportDialect::kMongodb, mongodb_);
    for (LedgerReader* reader : {first.get(), second.get()}) {
      if (const StoreStatus failed = reader->open()) {
        *error = failed->words;
        return verified;
      }
    }
    VerifyOrder order;
    order.stores.push_back({kP, *first});
    order.stores.push_back({kM, *second});
    order.trust = *parse_trust_file(world_.trust.front() + "\n");
    order.now = now_;
    order.sorting.folder = folder_.path("");
    const auto outcome = verify_stores(order, log);
    if (!outcome) {
      (error != nullptr ? *error : verified.summary_line) = outcome.error().message();
      return verified;
    }
    verified.exit = log.exit_code();
    verified.summary = outcome->summary;
    return verified;
  }
  TempFolder folder_;
  std::string postgres_ = folder_.path("pg");
  std::string mongodb_ = folder_.path("mongo");
};

TEST_F(Exports, OfBothStoresVerifyAsTheStoresDo) {
  write();
  const Verified verified = run_exports();
  EXPECT_EQ(verified.exit, 0) << verified.text();
  EXPECT_EQ(verified.summary.records, 10U);
  EXPECT_EQ(verified.summary.leaves, 14U);
}

TEST_F(Exports, AnEditedValueIsModified) {
  world_.postgres().row("m1").version.event.metadata = R"({"a.b":[1,2.5,null,false]})";
  write();
  const Verified verified = run_exports();
  EXPECT_TRUE(verified.has(Verdict::kModified, kP, 1)) << verified.text();
}

TEST_F(Exports, MetadataThatReadsLikeTheSameAndIsSpelledOtherwiseIsModified) {
  for (const std::string_view forged :
       {R"({"a.b":[1,2.5,null,false],"a.b":[1,2.5,null,true],"n":1e+30,"z":{"q":"ä\"\\"}})",
        R"({"a.b":[1,2.5,null,true],"n":1e+30,"z":{"q":"x","q":"ä\"\\"}})",
        R"({"a.b":[1.00,2.5,null,true],"n":1e+30,"z":{"q":"ä\"\\"}})",
        R"({"a.b":[1,2.5,null,true],"n":1000000000000000000000000000001,"z":{"q":"ä\"\\"}})"}) {
    world_.postgres().row("m1").version.event.metadata = forged;
    write();
    const Verified verified = run_exports();
    EXPECT_TRUE(verified.has(Verdict::kModified, kP, 1)) << forged << verified.text();
  }
  // As PostgreSQL has it.
  world_.postgres().row("m1").version.event.metadata =
      R"({"a.b":[1,2.5,null,true],"n":1000000000000000000000000000000,"z":{"q":"ä\"\\"}})";
  write();
  EXPECT_EQ(run_exports().exit, 0);
}

TEST_F(Exports, AFieldThatNoAgentWritesIsModified) {
  write();
  append(mongodb_, "auth_logs", "");
  std::string text;
  {
    std::ifstream file(mongodb_ + "/auth_logs.ndjson");
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  text.insert(1, R"("extra":1,)");
  std::ofstream(mongodb_ + "/auth_logs.ndjson", std::ios::trunc) << text;
  const Verified verified = run_exports();
  EXPECT_TRUE(verified.has(Verdict::kModified, kM, 1)) << verified.text();
}

TEST_F(Exports, AMissingFileIsAnInputError) {
  write();
  std::filesystem::remove(postgres_ + "/ledger_tiles.ndjson");
  std::string error;
  run_exports(&error);
  EXPECT_NE(error.find("ledger_tiles.ndjson"), std::string::npos) << error;
}

TEST_F(Exports, HostileLinesAreNamedByFileAndLine) {
  write();
  const std::string path = postgres_ + "/ledger_leaves.ndjson";
  const auto whole = std::filesystem::file_size(path);
  for (const char* line : {"{", "[]", "null", "{\"a\":1,\"a\":2}", "{\"epoch_id\":5}", "\xff",
                           R"({"epoch_id":"01","leaf_index":-1,"leaf":"\\x0"})"}) {
    append(postgres_, "ledger_leaves", std::string(line) + "\n");
    std::string error;
    run_exports(&error);
    EXPECT_NE(error.find("ledger_leaves.ndjson, line 7: "), std::string::npos) << line << ": " << error;
    std::filesystem::resize_file(path, whole);
  }
}

}  // namespace
}  // namespace twinlog::testing
