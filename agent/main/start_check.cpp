#include "agent/main/start_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "agent/cli/agent_asking.h"
#include "agent/cli/health_view.h"
#include "agent/cli/send_connection.h"
#include "agent/main/check_lines.h"
#include "agent/main/exit_code.h"
#include "agent/main/volume.h"
#include "agent/net/loop/listener.h"
#include "config/keys.h"
#include "ledger/base/address.h"
#include "ledger/base/quantity_words.h"
#include "spool/private_files.h"
#include "spool/stopped_spool.h"

namespace twinlog {
namespace {

using Lines = std::vector<CheckLine>;

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// Whether an agent answers whose spool is this one.
bool does_agent_run(const Settings& settings) {
  const auto outcome = ask_agent({.socket = settings.admin.socket, .address = reachable_address(settings.admin.listen)},
                                 {.target = "/healthz"});
  const auto* const answer = std::get_if<HttpAnswer>(&outcome);
  const auto view = answer != nullptr ? read_health(answer->body) : std::nullopt;
  return view && view->spool.path == settings.spool.path;
}

/// What keeps this user from making something in `folder`; "" when nothing does.
std::string not_writable(const std::string& folder) {
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) {
    return reason(errno);
  }
  if (!S_ISDIR(found.st_mode)) {
    return reason(ENOTDIR);
  }
  return ::access(folder.c_str(), W_OK | X_OK) == 0 ? "" : reason(errno);
}

bool is_there(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

// --- secrets

/// Why a secret cannot be used as it is; "" when it can.
std::string unusable(const Secret& secret, Shape shape) {
  const auto text = secret.reveal();
  if (!text) {
    return text.error().message();
  }
  const std::string_view expected = shape(*text);
  return expected.empty() ? "" : "what the secret file " + secret.path() + " holds is not " + std::string(expected);
}

Lines check_secrets(Settings settings) {  // A copy: the table of keys hands out places, not values.
  Lines lines;
  std::size_t files = 0;
  const auto look = [&](const Secret& secret, Shape shape, std::string_view key) {
    if (!secret.is_file()) {
      return;
    }
    ++files;
    if (const std::string why = unusable(secret, shape); !why.empty()) {
      lines.push_back(problem(why + " (" + std::string(key) + "_file)"));
    }
  };
  for (const ConfigKey& key : config_keys()) {
    const auto* const secret = std::get_if<SecretKey>(&key.rule);
    const bool is_off = (key.path.starts_with("stores.postgres.") && !settings.postgres.enabled) ||
                        (key.path.starts_with("stores.mongodb.") && !settings.mongodb.enabled);
    if (secret != nullptr && secret->form == SecretKey::Form::kLiteral && !is_off) {
      look(secret->place(settings), secret->shape, key.path);
    }
  }
  const HttpIntakeSettings& http = settings.intake.http;
  if (!http.listen.empty() && !http.bearer_token_file.empty()) {
    look(Secret::in_file(http.bearer_token_file), check_password, "intake.http.bearer_token");
  }
  if (lines.empty() && files > 0) {
    lines.push_back(fine(std::to_string(files) + (files == 1 ? " file can be read" : " files can be read")));
  }
  return lines;
}

// --- spool

CheckLine check_new_spool(const std::string& path) {
  std::filesystem::path nearest = std::filesystem::path(path).lexically_normal();
  while (!is_there(nearest.string()) && nearest.has_relative_path()) {
    nearest = nearest.parent_path();
  }
  const std::string why = not_writable(nearest.string());
  if (!why.empty()) {
    return problem(path + " cannot be made or written to (" + nearest.string() + ": " + why +
                   "); make the folder for the user that runs the agent, or set spool.path");
  }
  if (const Status closed = can_be_private(path); !closed) {
    return problem(closed.error().message());
  }
  return fine(path + (is_there(path) ? " is empty and can be written to" : " will be made"));
}

CheckLine check_spool(const std::string& path, bool agent_runs) {
  const auto use = spool_use(path);
  if (!use) {
    return problem(use.error().message());
  }
  switch (*use) {
    case SpoolUse::kAbsent:
      return check_new_spool(path);
    case SpoolUse::kInUse:
      return agent_runs ? fine(path + " is held by the agent that runs here")
                        : problem(path +
                                  " is held by another process; two agents cannot share a spool: stop it, or set "
                                  "spool.path");
    case SpoolUse::kFree:
      break;
  }
  if (const Status closed = can_be_private(path); !closed) {
    return problem(closed.error().message());
  }
  if (const std::string why = not_writable(path); !why.empty()) {
    return problem(path + " cannot be written to (" + why + "); give it to the user that runs the agent");
  }
  const auto opened = open_stopped_spool(path);
  return opened ? fine(path + " can be opened; its last leaf is " + std::to_string((*opened)->facts().last_leaf))
                : problem(opened.error().message());
}

CheckLine room_of_spool(const SpoolSettings& settings) {
  const SpoolRoom room = spool_room(settings);
  return fine("it may take " + bytes_words(room.max_bytes) + ", dead letters " + bytes_words(room.dead_letters_max) +
              " of that (spool.max_bytes, spool.dead_letters_max)");
}

// --- listeners

/// As listen_unix() makes it: the socket's own folder, where only that is missing.
std::string unusable_folder(const std::string& socket) {
  const auto folder = std::filesystem::path(socket).parent_path();
  const bool is_made = !is_there(folder.string());
  const std::string why = not_writable(is_made ? folder.parent_path().string() : folder.string());
  return why.empty() ? ""
                     : "the folder " + folder.string() + " cannot be " + (is_made ? "made" : "written to") + ": " + why;
}

CheckLine check_socket(const std::string& path, std::string_view key, bool agent_runs) {
  const std::string advice = "; set " + std::string(key) + " to a place that this user can write to";
  if (const std::string why = unusable_folder(path); !why.empty()) {
    return problem(path + ": " + why + advice);
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? fine(path + " can be made") : problem(path + ": " + reason(errno) + advice);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return problem(path + ": something that is not a socket is there; move it away");
  }
  SendConnection probe;
  const int error = probe.open(path);
  if (error == ECONNREFUSED) {
    return fine(path + " is a dead process's socket and will be replaced");
  }
  if (agent_runs) {
    return fine(path + " is served by the agent that runs here");
  }
  return error == 0 || error == EAGAIN
             ? problem(path + ": in use by a live process; stop it or choose another path")
             : problem(path + ": the socket there cannot be probed: " + reason(error) + "; move it away");
}

CheckLine check_port(const std::string& listen, std::string_view key, bool agent_runs) {
  const auto bound = listen_tcp(listen);  // Let go at the end of this function.
  if (bound) {
    return fine(listen + " is free");
  }
  return agent_runs
             ? fine(listen + " is served by the agent that runs here")
             : problem(bound.error().message() + "; stop what listens there (`ss -ltnp`), or set " + std::string(key));
}

}  // namespace

int check_start(const Settings& settings, std::ostream& out) {
  const bool agent_runs = does_agent_run(settings);
  const std::string& http = settings.intake.http.listen;
  const std::string http_path(unix_path_of(http));
  struct Way {
    std::string part;
    std::string address;
    std::string_view key;
    CheckLine (*check)(const std::string&, std::string_view, bool);
  };
  const std::vector<Way> ways{{"socket", settings.intake.unix_socket.path, "intake.unix.path", check_socket},
                              {"http", http_path.empty() ? http : http_path, "intake.http.listen",
                               http_path.empty() ? check_port : check_socket},
                              {"admin", settings.admin.listen, "admin.listen", check_port},
                              {"admin socket", settings.admin.socket, "admin.socket", check_socket}};
  bool is_fine = print_check(out, "secrets", check_secrets(settings));
  is_fine = print_check(out, "spool", {check_spool(settings.spool.path, agent_runs), room_of_spool(settings.spool)}) &&
            is_fine;
  for (const Way& way : ways) {
    if (!way.address.empty()) {
      is_fine = print_check(out, way.part, {way.check(way.address, way.key, agent_runs)}) && is_fine;
    }
  }
  if (!is_fine && ::geteuid() != 0) {
    out << "checked as user " << ::geteuid() << ": run it as the user that runs the agent\n";
  }
  return is_fine ? kExitFine : kExitFinding;
}

}  // namespace twinlog
