// One bound for everything the connections of a loop hold in memory.
//
// Invariants
//  1. used() = what the members hold + what is with the front door. A member checks make_room() before each read, so
//     used() passes the limit by one read at the most (and by what an event grows when it is parsed).
//  2. Beyond the limit the member that has waited longest for its peer (an unfinished line or request, answers that
//     nobody reads) is cut, one after the other, until there is room again. Where at least half of the limit is with
//     the front door, reading pauses instead: that comes back by itself, and the lines that are being read while the
//     disk is slow are not cut for it.
//  3. So at least half of the limit always serves complete senders.
// One thread; plain integers.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <utility>

namespace twinlog {

/// What one connection holds.
struct Holding {
  using Time = std::chrono::steady_clock::time_point;
  std::size_t bytes = 0;
  std::optional<Time> waiting_since;  ///< Since when it waits for its peer; what it holds may be cut then.
  std::optional<Time> due;            ///< When it is cut although there is room.
};

class BufferBudget {
 public:
  class Member {
   public:
    virtual ~Member() = default;
    /// Gives back what waits for the peer, at once: afterwards it holds nothing or no longer waits for its peer.
    virtual void cut() = 0;
    /// Its time is up; it is cut in the way of its protocol.
    virtual void expire() = 0;
    /// After pause(): there is room again. Must not grow what it holds.
    virtual void resume() = 0;

   private:
    friend class BufferBudget;
    Holding holding_;
  };

  explicit BufferBudget(std::size_t limit) : limit_(limit) {}

  void update(Member& member, const Holding& holding);
  void leave(Member& member);
  void hand_to_front_door(std::size_t bytes) { at_front_door_ += bytes; }
  void back_from_front_door(std::size_t bytes);

  /// Cuts as in invariant 2. False: the caller pauses. The caller itself may be the one that was cut.
  bool make_room();
  void pause(Member& member) { paused_.push_back(&member); }
  /// Expires every member that is due.
  void expire_due(Holding::Time now);

  std::size_t used() const { return held_ + at_front_door_; }

 private:
  using Moment = std::pair<Holding::Time, Member*>;
  void remove(Member& member);
  void resume_paused();

  std::size_t limit_;
  std::size_t held_ = 0;
  std::size_t at_front_door_ = 0;
  std::size_t waiting_bytes_ = 0;  // of held_, what belongs to members in waiting_
  std::set<Moment> waiting_;       // Those of them that hold something.
  std::set<Moment> due_;
  std::deque<Member*> paused_;
  bool resuming_ = false;
};

}  // namespace twinlog
