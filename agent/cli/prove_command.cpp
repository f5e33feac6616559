#include "agent/cli/prove_command.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "agent/cli/proof_files.h"
#include "agent/cli/terminal.h"
#include "agent/cli/verify_command.h"
#include "ledger/leaf/field_table.h"
#include "ledger/verify/prove.h"

namespace twinlog {
namespace {

constexpr int kNotProved = 1;
constexpr int kPendingCode = 2;

int refuse(const std::string& words, const OperatorIo& io) {
  io.err << "twinlog: " << shown_text(words) << "\n";
  return kVerifyInput;
}

std::string store_words(StoreSide side, const StoreError& error) {
  return std::string(side_text(side)) + ": " + error.words + (error.code.empty() ? "" : " (code " + error.code + ")");
}

/// kInvalid names the word that is no field.
Result<std::set<std::uint8_t>> field_numbers(std::string_view names) {
  std::set<std::uint8_t> numbers;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    const std::string_view name = names.substr(0, end);
    const auto number = field_number(name);
    if (!number) {
      return Error(ErrorKind::kInvalid, "--fields: an event has no field \"" + std::string(name) + "\"");
    }
    numbers.insert(*number);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return numbers;
}

Result<ProofOrder> order_of(const ProveOptions& options) {
  ProofOrder order{.key = {options.tenant_id, options.log_id}, .content_hash = {}, .shown = {}};
  if (options.fields) {
    auto numbers = field_numbers(*options.fields);
    if (!numbers) {
      return numbers.error();
    }
    order.shown = std::move(*numbers);
  }
  if (options.content_hash) {
    order.content_hash = array_from<sizeof(Digest)>(from_hex(*options.content_hash).value_or(""));
    if (!order.content_hash) {
      return Error(ErrorKind::kInvalid, "--content-hash is 64 hexadecimal digits, as in the column content_hash");
    }
  }
  return order;
}

int tell_unproved(const ProofOutcome& outcome, const OperatorIo& io) {
  for (const std::string& reason : outcome.reasons) {
    io.err << "twinlog: " << shown_text(reason) << "\n";
  }
  switch (outcome.kind) {
    case ProofOutcome::Kind::kPending:
      io.err << "twinlog: no checkpoint covers leaf " << outcome.index << " of " << shown_text(outcome.origin)
             << " yet: ask again when the agent has signed the next one; `twinlog verify` says whether it is overdue\n";
      return kPendingCode;
    case ProofOutcome::Kind::kNotThere:
      io.err << "twinlog: no store has this event\n";
      return kNotProved;
    default:
      io.err << "twinlog: not proved, and nothing was written; `twinlog verify` says what else does not fit\n";
      return kNotProved;
  }
}

}  // namespace

int run_prove(const ProveOptions& options, const std::vector<StoreToProve>& stores, const OperatorIo& io) {
  const Result<ProofOrder> order = order_of(options);
  if (!order) {
    return refuse(order.error().message(), io);
  }
  std::vector<StoreOfProof> opened;
  for (const StoreToProve& store : stores) {
    if (const StoreStatus failed = store.reader->open()) {
      return refuse(store_words(store.side, *failed), io);
    }
    opened.push_back({store.side, *store.reader});
  }
  auto outcome = prove_event(opened, *order);
  if (!outcome) {
    const StoreError& error = outcome.error();
    return refuse("a store could not be read to its end: " + error.words +
                      (error.code.empty() ? "" : " (code " + error.code + ")"),
                  io);
  }
  if (!outcome->files) {
    return tell_unproved(*outcome, io);
  }
  const std::string proof = options.out + ".tlog-proof";
  const Status written =
      write_files({{options.out + ".disclosure.json", outcome->files->disclosure}, {proof, outcome->files->proof}},
                  options.existing);
  if (!written) {
    return refuse(written.error().message(), io);
  }
  io.out << "proved: leaf " << outcome->index << " of " << shown_text(outcome->origin) << ", in a tree of "
         << outcome->tree_size << " leaves; check it with: twinlog verify --proof " << proof << " --trust FILE\n";
  io.out.flush();
  return 0;
}

}  // namespace twinlog
