#include "agent/net/http/bearer_token.h"

#include <sys/stat.h>

#include <ctime>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "agent/net/http/http_codec.h"
#include "config/settings.h"
#include "ledger/base/bytes.h"
#include "ledger/base/clock.h"
#include "ledger/base/thread_name.h"
#include "ledger/base/wakeup.h"

namespace twinlog {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr std::chrono::milliseconds kLookAnyway{5000};  // For the health page, while nobody asks.

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  time_t seconds = 0;
  long nanoseconds = 0;
  bool operator==(const Identity&) const = default;
};

}  // namespace

/// The file, on the thread that looks at it.
class BearerToken::Keeper {
 public:
  explicit Keeper(const std::string& path) : path_(path), secret_(Secret::in_file(path)) { refresh(); }

  struct Question {
    std::string authorization;
    std::function<void(Verdict)> answer;  ///< Any thread.
  };

  void ask(Question question) {
    {
      const std::scoped_lock lock(mutex_);
      questions_.push_back(std::move(question));
    }
    wakeup_.wake();
  }

  std::string trouble() const {
    const std::scoped_lock lock(mutex_);
    const bool hangs = looks_since_ && clock_.steady_now() - *looks_since_ > kLookMost;
    return hangs ? path_ + " does not answer: the file system that it lies on hangs" : trouble_;
  }

  void run() {
    name_this_thread("token");
    for (bool goes_on = true; goes_on;) {
      wakeup_.wait_for(kLookAnyway);
      const std::vector<Question> questions = begin_look();
      refresh();
      goes_on = end_look();
      for (const Question& question : questions) {
        question.answer(verdict_on(question.authorization));
      }
    }
  }

  /// True when run() will return soon; false when it hangs.
  bool end() {
    std::unique_lock lock(mutex_);
    is_ending_ = true;
    const bool is_looking = looks_since_.has_value();
    lock.unlock();
    wakeup_.wake();
    if (is_looking) {
      looked_.wait_for(kLookMost);
      lock.lock();
      return !looks_since_.has_value();
    }
    return true;
  }

 private:
  std::vector<Question> begin_look() {
    const std::scoped_lock lock(mutex_);
    looks_since_ = clock_.steady_now();
    return std::exchange(questions_, {});
  }
  bool end_look() {
    const std::scoped_lock lock(mutex_);
    looks_since_.reset();
    looked_.wake();
    return !is_ending_;
  }

  void refresh() {
    struct stat found {};
    if (::stat(path_.c_str(), &found) == 0) {
      const Identity now{found.st_dev, found.st_ino, found.st_size, found.st_ctim.tv_sec, found.st_ctim.tv_nsec};
      if (token_ && seen_ == now) {
        return;  // A look that found no token is no reason not to look again.
      }
      seen_ = now;
    }
    token_.reset();
    const auto token = secret_.reveal();
    std::string trouble;
    if (!token) {
      trouble = token.error().message();
    } else if (token->empty()) {
      trouble = path_ + " is empty; put a token into it";
    } else {
      token_ = sha256(*token);
    }
    const std::scoped_lock lock(mutex_);
    trouble_ = std::move(trouble);
  }

  Verdict verdict_on(std::string_view authorization) const {
    if (!token_) {
      return Verdict::kUnreadable;
    }
    if (authorization.size() <= kScheme.size() ||
        !equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
      return Verdict::kWrong;
    }
    return is_same_secret(sha256(authorization.substr(kScheme.size())), *token_) ? Verdict::kRight : Verdict::kWrong;
  }

  const std::string path_;
  const Secret secret_;
  const SystemClock clock_;
  Wakeup wakeup_;
  Wakeup looked_;
  std::optional<Identity> seen_;  // The thread's.
  std::optional<Digest> token_;   // The thread's.
  mutable std::mutex mutex_;      // Guards what follows.
  std::vector<Question> questions_;
  std::string trouble_;
  std::optional<std::chrono::steady_clock::time_point> looks_since_;
  bool is_ending_ = false;
};

BearerToken::BearerToken(const std::string& path, boost::asio::io_context& io, std::shared_ptr<Mailbox> mailbox)
    : mailbox_(std::move(mailbox)), timer_(io) {
  if (!path.empty()) {
    keeper_ = std::make_shared<Keeper>(path);
    thread_ = std::thread([keeper = keeper_] { keeper->run(); });
  }
}

BearerToken::~BearerToken() {
  if (!thread_.joinable()) {
    return;
  }
  if (keeper_->end()) {
    thread_.join();
  } else {
    thread_.detach();  // Nothing can end it; what it holds is its own.
  }
}

void BearerToken::judge(const std::string& authorization, std::function<void(Verdict)> judged) {
  const std::uint64_t number = next_number_++;
  asked_.emplace(number, Asked{std::move(judged), std::chrono::steady_clock::now() + kLookMost});
  if (asked_.size() == 1) {
    await_due();
  }
  keeper_->ask({authorization, [this, number, mailbox = mailbox_](Verdict verdict) {
                  mailbox->post([this, number, verdict] { answer(number, verdict); });
                }});
}

void BearerToken::answer(std::uint64_t number, Verdict verdict) {
  const auto found = asked_.find(number);
  if (found != asked_.end()) {
    const auto judged = std::move(found->second.judged);
    asked_.erase(found);
    if (asked_.empty()) {
      timer_.cancel();  // It would keep the loop from ending.
    }
    judged(verdict);
  }
}

void BearerToken::await_due() {
  timer_.expires_at(asked_.begin()->second.due);
  timer_.async_wait([this](const boost::system::error_code& failed) {
    if (failed) {
      return;
    }
    while (!asked_.empty() && asked_.begin()->second.due <= std::chrono::steady_clock::now()) {
      answer(asked_.begin()->first, Verdict::kUnreadable);
    }
    if (!asked_.empty()) {
      await_due();
    }
  });
}

std::string BearerToken::trouble() const {
  return keeper_ == nullptr ? "" : keeper_->trouble();
}

}  // namespace twinlog
