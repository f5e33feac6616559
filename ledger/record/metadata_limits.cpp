#include "ledger/record/metadata_limits.h"

#include <algorithm>
#include <cstdint>
#include <queue>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/record/json_number.h"

namespace twinlog {
namespace {

constexpr std::string_view kMarkerStart = R"({"_truncated":true,"bytes":)";
constexpr std::string_view kMarkerHash = R"(,"sha256":")";
constexpr std::string_view kMarkerEnd = R"("})";
constexpr std::size_t kHashDigits = 64;
constexpr std::int32_t kNone = -1;

std::size_t marker_size(std::size_t bytes) {
  return kMarkerStart.size() + std::to_string(bytes).size() + kMarkerHash.size() + kHashDigits + kMarkerEnd.size();
}

void append_marker(std::string& out, std::string_view canonical) {
  out.append(kMarkerStart);
  append_integer(out, static_cast<std::int64_t>(canonical.size()));
  out.append(kMarkerHash).append(hex(sha256(canonical))).append(kMarkerEnd);
}

bool is_marker(std::string_view value) {
  if (!value.starts_with(kMarkerStart)) {
    return false;
  }
  value.remove_prefix(kMarkerStart.size());
  const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  const std::string_view rest = value.substr(digits);
  return digits > 0 && rest.size() == kMarkerHash.size() + kHashDigits + kMarkerEnd.size() &&
         rest.starts_with(kMarkerHash) && rest.ends_with(kMarkerEnd) &&
         rest.find_first_not_of("0123456789abcdef", kMarkerHash.size()) == kMarkerHash.size() + kHashDigits;
}

/// A value that is longer than the marker that would take its place.
struct LongValue {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size = 0;          // With what was replaced in it.
  std::int32_t parent = kNone;   // The long value around it.
  std::uint32_t open_parts = 0;  // Long values right inside that were not replaced.
  bool is_replaced = false;
};

struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// Lists what can be replaced in one canonical text.
class Survey {
 public:
  explicit Survey(std::string_view text) : text_(text) {
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '{' || c == '[') {
        open(i);
      } else if (c == '}' || c == ']') {
        close(i + 1);
      } else if (c == '"') {
        i = pass_string(i);
      }
    }
  }

  std::vector<LongValue> values;  ///< The whole first, each before those in it. What is too deep is not among them.
  std::vector<Span> too_deep;     ///< The containers at the deepest level that hold another one.

 private:
  struct OpenContainer {
    std::size_t begin = 0;
    std::int32_t value = kNone;  // Its place in `values`.
    std::size_t old_size = 0;    // Of all that is too deep in it,
    std::size_t new_size = 0;    // and of the markers for it.
    bool is_too_deep = false;
  };

  void open(std::size_t begin) {
    ++depth_;
    if (depth_ > kMostMetadataDepth) {
      open_.back().is_too_deep = true;
      return;
    }
    const std::int32_t parent = open_.empty() ? kNone : open_.back().value;
    open_.push_back({begin, static_cast<std::int32_t>(values.size())});
    values.push_back({.begin = begin, .parent = parent});
  }

  void close(std::size_t end) {
    if (depth_-- > kMostMetadataDepth) {
      return;
    }
    OpenContainer container = open_.back();
    open_.pop_back();
    const auto place = static_cast<std::size_t>(container.value);
    const std::size_t size = end - container.begin;
    if (container.is_too_deep) {
      values.resize(place);  // With what is in it.
      too_deep.push_back({static_cast<std::uint32_t>(container.begin), static_cast<std::uint32_t>(end)});
      container.old_size = size;
      container.new_size = marker_size(size);
    } else if (place > 0 && (size <= marker_size(size) || is_marker(text_.substr(container.begin, size)))) {
      values.resize(place);  // Nothing in it is long either.
    } else {
      values[place].end = end;
      values[place].size = size - container.old_size + container.new_size;
    }
    if (!open_.empty()) {
      open_.back().old_size += container.old_size;
      open_.back().new_size += container.new_size;
    }
  }

  // The place of the closing quote.
  std::size_t pass_string(std::size_t begin) {
    std::size_t end = begin + 1;
    while (text_[end] != '"') {
      end += text_[end] == '\\' ? 2U : 1U;
    }
    const std::size_t size = end + 1 - begin;
    const bool is_key = text_[end + 1] == ':';
    if (!is_key && depth_ <= kMostMetadataDepth && size > marker_size(size)) {
      values.push_back({.begin = begin, .end = end + 1, .size = size, .parent = open_.back().value});
    }
    return end;
  }

  std::string_view text_;
  std::vector<OpenContainer> open_;
  std::size_t depth_ = 0;
};

/// Replaces the largest values of a text until it fits.
class Shortening {
 public:
  explicit Shortening(std::string_view text) : text_(text), survey_(text) {
    for (std::size_t i = 1; i < survey_.values.size(); ++i) {
      ++parent(survey_.values[i]).open_parts;
    }
    for (std::size_t i = 1; i < survey_.values.size(); ++i) {
      offer(i);
    }
  }

  std::string result() && {
    const LongValue& whole = survey_.values.front();
    while (whole.size > kMostMetadataBytes && !largest_.empty()) {
      LongValue& value = survey_.values[largest_.top().place];
      largest_.pop();
      replace(value);
      --parent(value).open_parts;
      offer(static_cast<std::size_t>(value.parent));
    }
    if (whole.size <= kMostMetadataBytes) {
      return text();
    }
    std::string marker;
    append_marker(marker, text_);
    return marker;
  }

 private:
  struct Candidate {
    std::size_t size = 0;
    std::size_t place = 0;
    bool operator<(const Candidate& other) const {
      return size == other.size ? place > other.place : size < other.size;
    }
  };

  LongValue& parent(const LongValue& value) { return survey_.values[static_cast<std::size_t>(value.parent)]; }

  void offer(std::size_t place) {
    if (place > 0 && survey_.values[place].open_parts == 0) {
      largest_.push({survey_.values[place].size, place});
    }
  }

  // What lies around it, not more than the allowed levels, is shorter by what it loses.
  void replace(LongValue& value) {
    const std::size_t lost = value.size - marker_size(value.end - value.begin);
    value.is_replaced = true;
    for (std::int32_t around = value.parent; around != kNone;) {
      LongValue& container = survey_.values[static_cast<std::size_t>(around)];
      container.size -= lost;
      around = container.parent;
    }
  }

  std::string text() const {
    std::vector<Span> replaced = survey_.too_deep;
    for (const LongValue& value : survey_.values) {
      if (value.is_replaced) {
        replaced.push_back({static_cast<std::uint32_t>(value.begin), static_cast<std::uint32_t>(value.end)});
      }
    }
    std::sort(replaced.begin(), replaced.end(),
              [](const Span& left, const Span& right) { return left.begin < right.begin; });
    std::string out;
    std::size_t kept = 0;
    for (const Span& span : replaced) {
      if (span.begin >= kept) {  // Not in one that was replaced itself.
        out.append(text_.substr(kept, span.begin - kept));
        append_marker(out, text_.substr(span.begin, span.end - span.begin));
        kept = span.end;
      }
    }
    return out.append(text_.substr(kept));
  }

  std::string_view text_;
  Survey survey_;
  std::priority_queue<Candidate> largest_;
};

}  // namespace

std::string within_limits(std::string_view canonical) {
  return Shortening(canonical).result();
}

}  // namespace twinlog
