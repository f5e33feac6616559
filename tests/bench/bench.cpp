// Durable answers per second, and the ceiling beside it.
//
//   twinlog-bench answers SOCKET EVENTS.ndjson SENDERS IN_FLIGHT PER_SENDER
//   twinlog-bench rocksdb FOLDER EVENTS.ndjson SENDERS IN_FLIGHT PER_SENDER
//
// `answers`: SENDERS threads each send PER_SENDER events of the file, with new ids, through the agent's socket,
// IN_FLIGHT at a time, and wait for every answer. `rocksdb`: as many threads write the same bytes, IN_FLIGHT events a
// write batch, into a bare RocksDB with a synced log, which groups them by itself. One line each: events, seconds,
// events per second.
#include <rocksdb/db.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Work {
  std::string target;
  std::vector<std::string> events;  ///< Without their log_id, which is the first member.
  std::size_t senders = 0;
  std::size_t in_flight = 0;
  std::size_t per_sender = 0;
};

[[noreturn]] void give_up(const std::string& words) {
  std::fprintf(stderr, "twinlog-bench: %s\n", words.c_str());
  std::exit(1);
}

std::vector<std::string> read_events(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> events;
  for (std::string line; std::getline(file, line);) {
    const std::size_t comma = line.find(',');
    if (line.starts_with(R"({"log_id":)") && comma != std::string::npos) {
      events.push_back(line.substr(comma));
    }
  }
  if (events.empty()) {
    give_up("no event that begins with its log_id in " + path);
  }
  return events;
}

std::string event(const Work& work, std::size_t sender, std::size_t number) {
  static const std::string run = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  return R"({"log_id":")" + run + "-" + std::to_string(sender) + "-" + std::to_string(number) + "\"" +
         work.events[(sender * 211 + number) % work.events.size()] + "\n";
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    give_up("the socket's path is too long");
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    give_up("nobody listens at " + path);
  }
  return descriptor;
}

void send_all(int descriptor, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = write(descriptor, bytes.data() + sent, bytes.size() - sent);
    if (count <= 0) {
      give_up("the agent closed the connection");
    }
    sent += static_cast<std::size_t>(count);
  }
}

// Answers in the bytes; anything but `stored` ends the run, since the figure would lie.
std::size_t count_answers(int descriptor) {
  static constexpr std::string_view kStored = R"({"status":"stored")";
  thread_local std::string rest;
  char bytes[65536];
  const ssize_t count = read(descriptor, bytes, sizeof bytes);
  if (count <= 0) {
    give_up("the agent closed the connection");
  }
  rest.append(bytes, static_cast<std::size_t>(count));
  std::size_t answers = 0;
  std::size_t start = 0;
  for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', start)) {
    if (rest.compare(start, kStored.size(), kStored) != 0) {
      give_up("an answer other than stored");
    }
    ++answers;
    start = end + 1;
  }
  rest.erase(0, start);
  return answers;
}

void send_through_agent(const Work& work, std::size_t sender) {
  const int descriptor = connect_to(work.target);
  std::size_t sent = 0;
  for (std::size_t answered = 0; answered < work.per_sender;) {
    std::string bytes;
    while (sent < work.per_sender && sent - answered < work.in_flight) {
      bytes += event(work, sender, sent++);
    }
    send_all(descriptor, bytes);
    answered += count_answers(descriptor);
  }
  close(descriptor);
}

void write_to_rocksdb(const Work& work, rocksdb::DB& database, std::size_t sender) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  for (std::size_t number = 0; number < work.per_sender;) {
    rocksdb::WriteBatch batch;
    for (std::size_t i = 0; i < work.in_flight && number < work.per_sender; ++i, ++number) {
      batch.Put(std::to_string(sender) + "-" + std::to_string(number), event(work, sender, number));
    }
    if (!database.Write(synced, &batch).ok()) {
      give_up("RocksDB refused a write");
    }
  }
}

void measure(const Work& work, const std::function<void(std::size_t)>& sender) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::jthread> threads;
  threads.reserve(work.senders);
  for (std::size_t number = 0; number < work.senders; ++number) {
    threads.emplace_back([&sender, number] { sender(number); });
  }
  threads.clear();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const std::size_t events = work.senders * work.per_sender;
  std::printf("%zu events, %.3f s, %.0f events/s\n", events, seconds.count(),
              static_cast<double>(events) / seconds.count());
}

void measure_rocksdb(const Work& work) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options, work.target, &opened).ok()) {
    give_up("RocksDB cannot open " + work.target);
  }
  const std::unique_ptr<rocksdb::DB> database(opened);
  measure(work, [&](std::size_t sender) { write_to_rocksdb(work, *database, sender); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 6 || (words[0] != "answers" && words[0] != "rocksdb")) {
    std::fprintf(stderr,
                 "twinlog-bench answers SOCKET | rocksdb FOLDER, then EVENTS.ndjson SENDERS IN_FLIGHT PER_SENDER\n");
    return 2;
  }
  const Work work{.target = words[1],
                  .events = read_events(words[2]),
                  .senders = std::stoul(words[3]),
                  .in_flight = std::stoul(words[4]),
                  .per_sender = std::stoul(words[5])};
  if (words[0] == "answers") {
    measure(work, [&work](std::size_t sender) { send_through_agent(work, sender); });
  } else {
    measure_rocksdb(work);
  }
  return 0;
}
