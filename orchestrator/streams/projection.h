#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_map>

#include "orchestrator/streams/entry_view.h"
#include "protocol/ids.h"
#include "trace/clock.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"

namespace devs {

// Entry to frame: how one kind of stream shows one entry.
//   raw      the envelope; named entries under their name
//   console  the envelope with what the agent console shows of it
//   named    the payload alone, under the entry's name; entries without one are left out
enum class Projection { raw, console, named };
inline constexpr std::size_t kProjections = 3;
std::string_view name_of(Projection projection);

// Turns entries into SSE frames, for every stream of one server.
//
// What it keeps is only what stops it from repeating itself: an entry is warned
// about once, however many readers, replays and threads show it.
//
// Thread-safe: the reactor projects what is live, workers what they replay.
class Projector {
 public:
  Projector(Epoch epoch, const Clock& clock, Log& log, Metrics& metrics);
  Projector(const Projector&) = delete;
  Projector& operator=(const Projector&) = delete;

  // Appends the frame of `entry` (id line included) to `out`; nothing when this
  // projection leaves the entry out.  An envelope over kMaxStreamedEnvelope becomes
  // the named event `envelope_oversize`.
  void append(Projection projection, const EntryView& entry, std::string& out);

  const Epoch& epoch() const { return epoch_; }

 private:
  void append_console(const EntryView& entry, std::string_view id, std::string& out);
  void append_oversize(const EntryView& entry, std::string_view id, std::string& out);
  void warn_unknown(const EntryView& entry, std::string_view id) DEVS_EXCLUDES(mutex_);

  const Epoch epoch_;
  const Clock& clock_;
  Log& log_;
  Counter& oversize_;
  Counter& annotation_errors_;
  Counter& unknown_types_;

  // The newest entry each kind of line was written for.
  std::atomic<Sequence> oversize_told_{0};
  std::atomic<Sequence> annotation_told_{0};

  Mutex mutex_;
  // When an unknown type may be warned about again.  Bounded: types are input.
  std::unordered_map<std::string, TimePoint> quiet_until_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
