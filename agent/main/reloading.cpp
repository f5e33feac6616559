#include "agent/main/reloading.h"

#include <string_view>

#include "config/reload.h"

namespace twinlog {
namespace {

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    text.append(text.empty() ? "" : ", ").append(word);
  }
  return text;
}

void take_over(AgentParts& parts, const Settings& settings) {
  parts.settings = settings;
  parts.log.set_level(parts.settings.log.level);
  parts.observed.ready_when_full = parts.settings.admin.ready_when_full;
  parts.front_door->set_reader(reader_settings(parts));
  parts.intake->set_allowed_peers(parts.settings.intake.unix_socket.allow_uids,
                                  parts.settings.intake.unix_socket.allow_gids);
  for (const auto& delivery : parts.deliveries) {
    delivery->courier.set_pace(pace_of(parts.settings, delivery->courier.store()));
    delivery->wakeup.wake();
  }
}

}  // namespace

void log_warnings(const LoadedSettings& loaded, Log& log) {
  for (const std::string& warning : loaded.warnings) {
    log.line(LogLevel::kWarning, "config_warning", warning);
  }
}

void reload(AgentParts& parts, const LoadedSettings& loaded) {
  for (const ConfigMistake& mistake : loaded.mistakes) {
    parts.log.line(LogLevel::kError, "reload_mistake", mistake.what, {{"where", mistake.where}});
  }
  if (!loaded.mistakes.empty()) {
    ++parts.observed.refused_reloads;
    parts.log.line(LogLevel::kError, "reload_refused", "the configuration has mistakes; the running settings stay",
                   {{"mistakes", std::to_string(loaded.mistakes.size())}});
    return;
  }
  log_warnings(loaded, parts.log);
  const Reload plan = plan_reload(parts.settings, loaded.settings);
  take_over(parts, plan.settings);
  ++parts.observed.reloads;
  if (!plan.need_restart.empty()) {
    parts.log.line(LogLevel::kWarning, "reload_needs_restart", "these settings changed and hold after the next start",
                   {{"keys", joined(plan.need_restart)}});
  }
  parts.log.line(LogLevel::kInfo, "reloaded",
                 plan.taken.empty()
                     ? "no setting that a running agent takes over has changed; secrets in files are read anew "
                       "whenever they change"
                     : "these settings hold from now on",
                 {{"keys", joined(plan.taken)}});
}

}  // namespace twinlog
