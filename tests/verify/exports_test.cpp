// Exports, as PostgreSQL's row_to_json and MongoDB's Extended JSON have them, read back as what they are.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "plugins/exports/export_reader.h"
#include "tests/support/temp_folder.h"
#include "tests/verify/attacked.h"
#include "tests/verify/export_lines.h"

namespace twinlog::testing {
namespace {

void append(const std::filesystem::path& folder, const std::string& table, const std::string& line) {
  std::ofstream(folder / (table + ".ndjson"), std::ios::app | std::ios::binary) << line;
}

template <typename Row>
void append_all(const std::filesystem::path& folder, const std::string& table, const std::vector<Row>& rows,
                ExportDialect dialect, std::string (*line_of)(const Row&, ExportDialect)) {
  append(folder, table, "");
  for (const Row& row : rows) {
    append(folder, table, line_of(row, dialect));
  }
}

void write_export(const std::filesystem::path& folder, const StoreImage& image, ExportDialect dialect) {
  append(folder, "auth_logs", "");
  append(folder, "auth_log_conflicts", "");
  for (const LedgerRow& row : image.rows) {
    append(folder, row.is_conflict ? "auth_log_conflicts" : "auth_logs", version_line(row, dialect));
  }
  append_all(folder, "account_lockouts", image.accounts, dialect, account_line);
  append_all(folder, "ledger_epochs", image.epochs, dialect, epoch_line);
  append_all(folder, "ledger_tiles", image.tiles, dialect, tile_line);
  append_all(folder, "ledger_leaves", image.leaves, dialect, leaf_line);
  append_all(folder, "ledger_checkpoints", image.checkpoints, dialect, checkpoint_line);
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
