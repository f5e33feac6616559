#include "ledger/record/metadata.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "ledger/record/json_number.h"
#include "ledger/record/json_writer.h"
#include "ledger/record/metadata_limits.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

constexpr std::uint32_t kOwnName = 0xFFFFFFFF;
// With one more underscore for each of many equal names, all names together would grow with the square of their number.
constexpr std::size_t kMostUnderscores = 8;

/// The members of the object to be written.
class MemberList {
 public:
  explicit MemberList(const JsonTape& tape) : tape_(tape) {}

  void add_sent(std::uint32_t object) {
    for (std::uint32_t key = object + 1; key != tape_.end_of(object); key = tape_.end_of(key + 1)) {
      members_.push_back({key, kOwnName});
    }
    std::sort(members_.begin(), members_.end(), [this](const Entry& left, const Entry& right) {
      return name(left) == name(right) ? left.key > right.key : name(left) < name(right);
    });
    const auto kept = std::unique(members_.begin(), members_.end(),
                                  [this](const Entry& left, const Entry& right) { return name(left) == name(right); });
    has_repeated_key_ = kept != members_.end();
    members_.erase(kept, members_.end());
    sent_ = members_.size();
  }

  void add_movers(const std::vector<std::uint32_t>& movers) {
    members_.reserve(members_.size() + movers.size());
    for (std::size_t i = 0; i < movers.size(); ++i) {
      std::string_view wanted = tape_.view(movers[i]);
      // Only redaction can have made two movers' names equal.
      const bool is_repeated = i > 0 && wanted == tape_.view(movers[i - 1]);
      if (is_repeated || is_taken(wanted)) {
        members_.push_back({movers[i], rename(wanted)});
      } else {
        members_.push_back({movers[i], kOwnName});
      }
    }
  }

  Metadata write() {
    std::sort(members_.begin(), members_.end(),
              [this](const Entry& left, const Entry& right) { return utf16_less(name(left), name(right)); });
    JsonWriter writer(tape_);
    HashedJson json;  // A few bytes may become many.
    const std::size_t depth = append_to(json, writer);
    const bool has_repeated_key = has_repeated_key_ || writer.dropped_repeated_keys();
    if (json.size() <= kMostMetadataBytes && depth <= kMostMetadataDepth) {
      return {std::move(json.text), has_repeated_key, false};
    }
    std::string whole;
    whole.reserve(json.size());
    append_to(whole, writer);
    return {within_limits(whole), has_repeated_key, true};
  }

 private:
  struct Entry {
    std::uint32_t key;
    std::uint32_t renamed;  // Place in renamed_, or kOwnName.
  };

  static std::string& text_of(std::string& out) { return out; }
  static std::string& text_of(HashedJson& out) {
    out.spill();
    return out.text;
  }

  // Returns the depth.
  template <typename Out>
  std::size_t append_to(Out& out, JsonWriter& writer) const {
    std::size_t depth = 1;
    char before = '{';
    for (const Entry& entry : members_) {
      text_of(out).push_back(before);
      append_json_string(text_of(out), name(entry));
      text_of(out).push_back(':');
      writer.append_value(out, entry.key + 1);
      depth = std::max(depth, 1 + writer.depth());
      before = ',';
    }
    text_of(out).append(members_.empty() ? "{}" : "}");
    return depth;
  }

  std::string_view name(const Entry& entry) const {
    return entry.renamed == kOwnName ? tape_.view(entry.key) : std::string_view(*renamed_[entry.renamed]);
  }

  // Earlier movers under their own name come before `candidate`, so only sent and renamed members can stand in its way.
  bool is_taken(std::string_view candidate) const {
    const auto sent_end = members_.begin() + static_cast<std::ptrdiff_t>(sent_);
    const auto found =
        std::lower_bound(members_.begin(), sent_end, candidate,
                         [this](const Entry& entry, std::string_view wanted) { return name(entry) < wanted; });
    return (found != sent_end && name(*found) == candidate) || new_names_.contains(candidate);
  }

  // Names are never given back, so each search for a free one goes on where the last for the same name ended.
  std::uint32_t rename(std::string_view wanted) {
    std::size_t& tried = tried_[wanted];
    std::string candidate;
    do {
      ++tried;
      candidate.assign(wanted).append(std::min(tried, kMostUnderscores), '_');
      if (tried > kMostUnderscores) {
        append_integer(candidate, static_cast<std::int64_t>(tried - kMostUnderscores));
      }
    } while (is_taken(candidate));
    renamed_.push_back(&*new_names_.insert(std::move(candidate)).first);
    return static_cast<std::uint32_t>(renamed_.size() - 1);
  }

  const JsonTape& tape_;
  std::vector<Entry> members_;  // The sent ones first, in bytewise order of their names.
  std::size_t sent_ = 0;
  std::set<std::string, std::less<>> new_names_;
  std::vector<const std::string*> renamed_;
  std::map<std::string_view, std::size_t> tried_;  // By wanted name, how many candidates were looked at.
  bool has_repeated_key_ = false;
};

}  // namespace

Metadata assemble_metadata(const JsonTape& tape, std::optional<std::uint32_t> object,
                           const std::vector<std::uint32_t>& movers) {
  MemberList members(tape);
  if (object) {
    members.add_sent(*object);
  }
  members.add_movers(movers);
  return members.write();
}

}  // namespace twinlog
