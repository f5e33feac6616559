#include "agent/cli/tried_event.h"

#include <algorithm>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/record/inert_json.h"
#include "ledger/record/json_events.h"
#include "ledger/record/json_writer.h"
#include "ledger/record/redaction.h"
#include "ledger/record/version_json.h"

namespace twinlog {
namespace {

constexpr std::size_t kIndent = 2;

struct Redaction {
  std::string place;  // "metadata.headers[0].cookie"
  RedactionRule rule;
};

/// Finds the marks that redaction left, with the names of where they stand.
class MarkFinder final : public JsonVisitor {
 public:
  explicit MarkFinder(const ReadCounts& counts) : counts_(counts) {}

  void begin_object() override { open("", -1); }
  void end_object() override { close(); }
  void begin_array() override { open("", 0); }
  void end_array() override { close(); }
  void key(std::string_view name) override {
    path_.back().name = name;
    note(name, "the name of ");
  }
  void string(std::string_view value) override {
    note(value, "");
    step();
  }
  void integer(std::int64_t /*value*/) override { step(); }
  void number(double /*value*/) override { step(); }
  void boolean(bool /*value*/) override { step(); }
  void null() override { step(); }

  std::vector<Redaction> found;

 private:
  struct Level {
    std::string name;
    std::int64_t place;  // In an array; -1: an object.
  };

  void open(std::string name, std::int64_t place) { path_.push_back({std::move(name), place}); }
  void close() {
    path_.pop_back();
    step();
  }
  void step() {
    if (!path_.empty() && path_.back().place >= 0) {
      ++path_.back().place;
    }
  }
  std::string here() const {
    std::string text;
    for (const Level& level : path_) {
      if (level.place >= 0) {
        text.append("[").append(std::to_string(level.place)).append("]");
      } else {
        text.append(text.empty() ? "" : ".").append(level.name);
      }
    }
    return text;
  }
  void note(std::string_view text, std::string_view what) {
    for (std::size_t i = 0; i < kRedactionRules; ++i) {
      const auto rule = static_cast<RedactionRule>(i);
      // A sender may write such a mark, too.
      if (counts_.redactions.at(i) > 0 && text.find(redaction_mark(rule)) != std::string_view::npos) {
        found.push_back({std::string(what) + here(), rule});
      }
    }
  }

  const ReadCounts& counts_;
  std::vector<Level> path_;
};

std::vector<Redaction> redactions_in(const AcceptedEvent& event, const ReadCounts& counts) {
  MarkFinder finder(counts);
  if (!visit_json(event.canonical, finder).ok()) {
    return {};
  }
  std::erase_if(finder.found, [](const Redaction& each) { return each.place == "account"; });  // As its field.
  return std::move(finder.found);
}

/// The content as one line of JSON, times as RFC 3339.
std::string record_json(const AcceptedEvent& event) {
  Version version;
  version.event = event.event;
  std::string line;
  append_version_line(line, version, VersionMembers::kContent);
  line.pop_back();
  return line;
}

/// Compact JSON with a member or element a line.
std::string indented(std::string_view json, std::size_t margin) {
  std::string out(margin, ' ');
  std::size_t depth = 0;
  const auto new_line = [&] { out.append("\n").append(margin + depth * kIndent, ' '); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      std::size_t end = i + 1;
      while (json[end] != '"') {
        end += json[end] == '\\' ? 2U : 1U;
      }
      out.append(json.substr(i, end - i + 1));
      i = end;
      continue;
    }
    const bool is_empty = i + 1 < json.size() && (json.substr(i, 2) == "{}" || json.substr(i, 2) == "[]");
    if (is_empty) {
      out.append(json.substr(i++, 2));
      continue;
    }
    if (c == '}' || c == ']') {
      --depth;
      new_line();
    }
    out.push_back(c);
    if (c == '{' || c == '[') {
      ++depth;
      new_line();
    } else if (c == ',') {
      new_line();
    } else if (c == ':') {
      out.push_back(' ');
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return inert_json(out);
}

std::string listed(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out.append(out.empty() ? "" : ", ").append(text);
  }
  return out;
}

std::string accepted_text(const TriedEvent& tried, const AcceptedEvent& event) {
  std::string out = "would be kept, " + std::to_string(tried.sent_bytes) + " bytes sent, " +
                    std::to_string(event.canonical.size()) + " kept\n";
  std::vector<std::string> accounts = accounts_of(event.event);
  std::transform(accounts.begin(), accounts.end(), accounts.begin(), quoted);
  out += "  accounts: " + (accounts.empty() ? "none, it moves no lockout state" : listed(accounts)) + "\n";
  if (!event.event.repaired.empty()) {
    out += "  repaired: " + listed(event.event.repaired) + "\n";
  }
  for (const Redaction& each : redactions_in(event, tried.counts)) {
    out += "  redacted: " + quoted(each.place) + " by the rule " + std::string(redaction_rule_text(each.rule)) + "\n";
  }
  if (!tried.has_own_id) {
    out += "  log_id: none was sent; it would be a new event each time it is sent\n";
  }
  if (tried.is_implausible) {
    out += "  occurred_at: before the year 2000 or over a day ahead; is it the right unit?\n";
  }
  return out + indented(record_json(event), kIndent) + "\n\n";
}

std::string listed_json(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    out.append(out.size() > 1 ? "," : "").append(quoted(text));
  }
  return out + "]";
}

std::string accepted_json(const TriedEvent& tried, const AcceptedEvent& event) {
  std::string redacted = "[";
  for (const Redaction& each : redactions_in(event, tried.counts)) {
    redacted.append(redacted.size() > 1 ? "," : "")
        .append("{\"at\":" + quoted(each.place) + ",\"rule\":" + quoted(redaction_rule_text(each.rule)) + "}");
  }
  const auto truth = [](bool is_so) { return is_so ? "true" : "false"; };
  return R"("status":"kept","sent_bytes":)" + std::to_string(tried.sent_bytes) +
         ",\"kept_bytes\":" + std::to_string(event.canonical.size()) +
         ",\"accounts\":" + listed_json(accounts_of(event.event)) +
         ",\"repaired\":" + listed_json(event.event.repaired) + ",\"redacted\":" + redacted +
         "],\"has_log_id\":" + truth(tried.has_own_id) + ",\"is_implausible_time\":" + truth(tried.is_implausible) +
         ",\"content_hash\":" + quoted(hex(event.content_hash)) + ",\"record\":" + record_json(event);
}

}  // namespace

std::string tried_text(const TriedEvent& tried) {
  const std::string head = "line " + std::to_string(tried.line) + ": ";
  if (const auto* rejection = std::get_if<Rejection>(&tried.outcome)) {
    const std::string field = rejection->field.empty() ? "" : quoted(rejection->field) + ": ";
    return head + "would be refused, " + field + rejection->reason + "\n\n";
  }
  return head + accepted_text(tried, std::get<AcceptedEvent>(tried.outcome));
}

std::string tried_json(const TriedEvent& tried) {
  const std::string head = "{\"line\":" + std::to_string(tried.line) + ",";
  if (const auto* rejection = std::get_if<Rejection>(&tried.outcome)) {
    return head + R"("status":"rejected","error":{"field":)" + quoted(rejection->field) +
           ",\"reason\":" + quoted(rejection->reason) + "}}\n";
  }
  return head + accepted_json(tried, std::get<AcceptedEvent>(tried.outcome)) + "}\n";
}

}  // namespace twinlog
