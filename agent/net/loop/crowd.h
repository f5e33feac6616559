// The open connections of one way in: how many there are, and which of them has been silent longest.
//
// A way in keeps a share of the loop's connections for itself; it may use up what is left, too, but never what the
// others keep. Where there is no room for a new connection, the one that has been silent longest gives way, among those
// that yield (nothing is owed to them). One thread; every step takes constant time, so that a flood costs no more than
// its own connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>

namespace twinlog {

class Crowd {
 public:
  class Member {
   public:
    virtual ~Member() = default;
    /// Another one needs the place: leaves at once.
    virtual void give_way() = 0;

   private:
    friend class Crowd;
    Crowd* crowd_ = nullptr;
    bool yields_ = false;
    std::list<Member*>::iterator place_;
  };

  explicit Crowd(std::size_t kept) : kept_(kept) {}

  void enter(Member& member);
  /// Does nothing for one that is in no crowd.
  static void leave(Member& member);
  /// Something was heard of it, or it took something: of all it has been silent for the shortest time.
  static void moved(Member& member);
  /// Whether it may have to give way. True when that is new.
  static bool set_yielding(Member& member, bool yields);

  std::size_t open() const { return open_; }
  std::size_t kept() const { return kept_; }
  /// Of those that yield; null where there is none.
  Member* silent_longest() const { return yielding_.empty() ? nullptr : yielding_.front(); }

  /// Whether a new connection would have to wait. Any thread.
  bool is_full() const { return is_full_.load(); }
  void set_full(bool is_full) { is_full_ = is_full; }

 private:
  const std::size_t kept_;
  std::size_t open_ = 0;
  std::list<Member*> yielding_;  // The one that has been silent longest first.
  std::atomic<bool> is_full_{false};
};

}  // namespace twinlog
