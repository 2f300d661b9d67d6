#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocol/result.h"
#include "trace/bell.h"
#include "trace/clock.h"
#include "trace/entry.h"
#include "trace/mutex.h"
#include "trace/stored_log.h"

namespace devs {

// What happens to new entries while the recorder cannot store: refused (no trace, no
// action), or shown to live readers and declared missing from the log.
enum class OnFailure { refuse, go_on };

// The one place where entries get their order.
//
// publish() gives a draft the next Sequence, stamps it, and keeps it in a ring
// of recent entries.  A reader is nothing but the Sequence it wants next, so
// the bus holds no list of readers and a slow one costs nobody else anything:
// when it falls off the ring it is told so (`behind`) and fetches the missing
// stretch from the flight log.
//
// An entry is visible to readers only once the recorder has stored it, and the
// ring forgets only what is stored: every Sequence ever published is in the
// ring or on disk, and nothing a reader saw can be missing after a crash.
//
// publish() never waits.  A ring full of entries that are not stored yet answers
// resource_exhausted; an action reserves the place of its observation, so what
// was begun can always be told to its end.
//
// Thread-safe.  Owns no thread, calls nobody: readers are told by bells.
class TraceStreamBus {
 public:
  struct Options {
    std::size_t ring_entries = 65'536;             // whichever bound is met first
    std::size_t ring_bytes = 64u * 1024u * 1024u;  // bodies only
    Sequence last = 0;                             // of an existing log
    std::int64_t last_stamp_ns = 0;                // largest stamp of ours in it
    Sequence open_from = 1;                        // as the log carried it
  };

  // A promise that one more publish() will not be refused for want of room.
  // Move-only; dying gives the place back, but what was begun stays without an end.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept
        : bus_(std::exchange(other.bus_, nullptr)), first_(other.first_) {}
    Reservation& operator=(Reservation&& other) noexcept;
    ~Reservation();

   private:
    friend class TraceStreamBus;
    Reservation(TraceStreamBus* bus, Sequence first) : bus_(bus), first_(first) {}
    TraceStreamBus* bus_ = nullptr;
    Sequence first_ = 0;  // of what was published with it
  };

  TraceStreamBus(Options options, const Clock& clock);
  TraceStreamBus(const TraceStreamBus&) = delete;
  TraceStreamBus& operator=(const TraceStreamBus&) = delete;

  // --- publishers ---

  // resource_exhausted: the recorder lags by a whole ring.  unavailable: closed,
  // or the recorder cannot store (the message is the disk's reason).  internal:
  // a body with a line end inside, which would shift every later entry of the log.
  Result<Sequence> publish(Draft draft) DEVS_EXCLUDES(mutex_);
  // All or nothing, in the order given, nothing of others in between.  The first
  // sequence; the rest follow densely.  REQUIRES: !drafts.empty()
  Result<Sequence> publish_all(std::vector<Draft> drafts) DEVS_EXCLUDES(mutex_);
  // Admission for the pair (first now, last word later).
  Result<std::pair<Sequence, Reservation>> publish_and_reserve(Draft draft) DEVS_EXCLUDES(mutex_);
  // The same for a thought and its action: both, or neither.  The sequence is the
  // first one's.  REQUIRES: !drafts.empty()
  Result<std::pair<Sequence, Reservation>> publish_all_and_reserve(std::vector<Draft> drafts)
      DEVS_EXCLUDES(mutex_);
  // Refused only when the bus is closed (or the body is no line).  Places are
  // entries: bodies of reserved ones may pass ring_bytes.
  // REQUIRES: `place` came from this bus and was not used before.
  Result<Sequence> publish_reserved(Draft draft, Reservation place) DEVS_EXCLUDES(mutex_);

  // --- readers ---

  Sequence head() const DEVS_EXCLUDES(mutex_);  // last visible entry; 0: none
  // The first one in the ring; head()+1 when there is none.
  Sequence oldest() const DEVS_EXCLUDES(mutex_);

  enum class Read { entries, at_head, behind };
  // Appends visible entries from `from` on, at most `max_entries` and about
  // `max_bytes` of bodies (always at least one when there is one).
  Read read(Sequence from, std::size_t max_entries, std::size_t max_bytes,
            std::vector<EntryPtr>& out) const DEVS_EXCLUDES(mutex_);

  // `bell` is rung, once per batch, whenever more becomes visible, the recorder
  // fails or heals, or the bus closes.  Before any publish; for the bus's life.
  void attach(Bell& bell) DEVS_EXCLUDES(mutex_);

  // --- the recorder ---

  // Appends entries after `after` that are published but not stored; waits until
  // there is one, the bus is closed, or `deadline`.  False: closed and drained.
  // `carry` is what the log should remember with them: every reservation whose last
  // word is not in the log once `out` is stored was made at or after `open_from`.
  bool wait_unstored(Sequence after, TimePoint deadline, std::size_t max_entries,
                     std::vector<EntryPtr>& out, LogCarry* carry = nullptr) DEVS_EXCLUDES(mutex_);
  void mark_stored(Sequence through) DEVS_EXCLUDES(mutex_);
  // Visible although the disk did not take it (OnFailure::go_on): live readers see it,
  // the ring may forget it, the log has a gap.
  void mark_lost(Sequence through) { mark_stored(through); }
  // Until heal() recorder_status() says `why`, and new publishes are refused with it,
  // unless they are to go on; reserved ones are kept in any case.
  void fail(const Status& why, OnFailure on_failure = OnFailure::refuse) DEVS_EXCLUDES(mutex_);
  void heal() DEVS_EXCLUDES(mutex_);
  Status recorder_status() const DEVS_EXCLUDES(mutex_);  // ok, or what fail() said
  // The same, but ok while the recorder goes on: whoever waits for an entry to become
  // visible waits in vain only while this refuses.
  Status refusal() const DEVS_EXCLUDES(mutex_);

  // --- health ---

  // How it stands at this moment, and what it has counted since it began.
  struct Report {
    std::size_t ring_entries = 0, ring_bytes = 0;
    std::size_t unstored_entries = 0, unstored_bytes = 0;  // which wait for the disk
    Duration oldest_unstored{};                            // since the first of them was published
    Status room;  // or how publish() would refuse one more entry for want of it
    std::uint64_t published = 0;
    std::uint64_t refused_full = 0, refused_unavailable = 0;  // publishes
  };
  Report report() const DEVS_EXCLUDES(mutex_);
  const Options& options() const { return options_; }

  // --- end ---

  // Intake ends at once; what is published still gets stored.  Idempotent.
  void close() DEVS_EXCLUDES(mutex_);
  bool closed() const DEVS_EXCLUDES(mutex_);
  Sequence last() const DEVS_EXCLUDES(mutex_);  // published, visible or not

 private:
  // A draft on its way in: everything that can be done without the lock, done.
  struct Pending {
    std::shared_ptr<Entry> entry;
    std::optional<std::size_t> stamp_at;
  };
  static Result<Pending> prepare(Draft draft);

  Result<Sequence> enter(std::span<Pending> pending, std::size_t places, Reservation* place)
      DEVS_EXCLUDES(mutex_);
  bool refuses() const DEVS_REQUIRES(mutex_) {
    return !recorder_.ok() && on_failure_ == OnFailure::refuse;
  }
  Status admit(std::size_t places, std::size_t bytes) const DEVS_REQUIRES(mutex_);
  Status room_for(std::size_t places, std::size_t bytes) const DEVS_REQUIRES(mutex_);
  Status refused(Status why) DEVS_REQUIRES(mutex_);  // counts it
  void append(Pending pending, TimePoint now) DEVS_REQUIRES(mutex_);
  // What leaves the ring goes to `grave` as far as it fits, to die unlocked.
  void forget_stored(std::span<EntryPtr> grave) DEVS_REQUIRES(mutex_);
  Sequence first_in_ring() const DEVS_REQUIRES(mutex_);
  // Rung after the lock is released: ringing is a system call.
  static void ring(const std::vector<Bell*>& bells);
  void give_back() DEVS_EXCLUDES(mutex_);
  std::int64_t stamp_at(TimePoint now) const;

  const Options options_;
  const Clock& clock_;
  const std::int64_t wall_at_start_ns_;
  const TimePoint steady_at_start_;

  std::atomic<Sequence> head_;  // mirrors stored_, so that asking takes no lock

  mutable Mutex mutex_;
  CondVar unstored_;  // something was published, or the close
  std::deque<EntryPtr> ring_ DEVS_GUARDED_BY(mutex_);
  std::size_t ring_bytes_ DEVS_GUARDED_BY(mutex_) = 0;
  std::size_t unstored_bytes_ DEVS_GUARDED_BY(mutex_) = 0;
  std::size_t reserved_ DEVS_GUARDED_BY(mutex_) = 0;
  Sequence last_ DEVS_GUARDED_BY(mutex_);
  Sequence stored_ DEVS_GUARDED_BY(mutex_);
  std::int64_t last_stamp_ns_ DEVS_GUARDED_BY(mutex_);
  std::set<Sequence> open_ DEVS_GUARDED_BY(mutex_);  // first sequences of what has no end
  Sequence open_from_ DEVS_GUARDED_BY(mutex_);       // as handed out last
  Status recorder_ DEVS_GUARDED_BY(mutex_);
  OnFailure on_failure_ DEVS_GUARDED_BY(mutex_) = OnFailure::refuse;
  bool closed_ DEVS_GUARDED_BY(mutex_) = false;
  std::uint64_t refused_full_ DEVS_GUARDED_BY(mutex_) = 0;
  std::uint64_t refused_unavailable_ DEVS_GUARDED_BY(mutex_) = 0;
  bool recorder_waits_ DEVS_GUARDED_BY(mutex_) = false;
  std::vector<Bell*> bells_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
