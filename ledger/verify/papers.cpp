#include "ledger/verify/papers.h"

#include "ledger/verify/record_parts.h"

namespace twinlog {
namespace {

constexpr std::uint8_t kArchive = 2;

}  // namespace

std::string paper_record(const Uuid& id, const Paper& paper) {
  std::string out(as_text(id));
  out.push_back(static_cast<char>(paper.kind));
  put_u64(out, paper.size);
  put_long_text(out, paper.note);
  out.push_back(static_cast<char>(paper.store ? static_cast<std::uint8_t>(*paper.store) : kArchive));
  put_long_text(out, paper.root);
  put_i64(out, paper.accepted_at);
  put_long_text(out, paper.origin);
  put_long_text(out, paper.open);
  put_long_text(out, paper.retired);
  return out;
}

Paper read_paper(std::string_view record) {
  ByteReader bytes(record);
  bytes.bytes(sizeof(Uuid));
  Paper paper;
  paper.kind = static_cast<Paper::Kind>(bytes.u8());
  paper.size = bytes.u64();
  paper.note = take_long_text(bytes);
  const std::uint8_t store = bytes.u8();
  paper.store = store == kArchive ? std::nullopt : std::optional(static_cast<StoreSide>(store));
  paper.root = take_long_text(bytes);
  paper.accepted_at = bytes.i64();
  paper.origin = take_long_text(bytes);
  paper.open = take_long_text(bytes);
  paper.retired = take_long_text(bytes);
  return paper;
}

}  // namespace twinlog
