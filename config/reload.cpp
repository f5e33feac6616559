#include "config/reload.h"

#include "config/keys.h"

namespace twinlog {
namespace {

/// Copies the value of one key; true when that changed something.
struct Copy {
  Settings& to;
  Settings& from;

  template <typename Rule>
  bool operator()(const Rule& rule) const {
    auto& mine = rule.place(to);
    const auto& theirs = rule.place(from);
    const bool differs = mine != theirs;
    mine = theirs;
    return differs;
  }
  bool operator()(const ChoiceKey& rule) const {
    const std::size_t theirs = rule.chosen(from);
    const bool differs = rule.chosen(to) != theirs;
    rule.choose(to, theirs);
    return differs;
  }
  /// Both forms share a place; the one that stands in the new configuration speaks.
  bool operator()(const SecretKey& rule) const {
    const bool speaks = rule.place(from).is_file() == (rule.form == SecretKey::Form::kFile);
    return speaks && operator()<SecretKey>(rule);
  }
};

}  // namespace

Reload plan_reload(const Settings& running, const Settings& wanted) {
  Reload reload{.settings = running, .taken = {}, .need_restart = {}};
  Settings from = wanted;
  for (const ConfigKey& key : config_keys()) {
    if (key.takes_effect == TakesEffect::kAtReload) {
      if (std::visit(Copy{reload.settings, from}, key.rule)) {
        reload.taken.push_back(key.path);
      }
      continue;
    }
    Settings scratch = running;
    if (std::visit(Copy{scratch, from}, key.rule)) {
      reload.need_restart.push_back(key.path);
    }
  }
  return reload;
}

}  // namespace twinlog
