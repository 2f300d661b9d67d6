#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_map>

#include "orchestrator/streams/console.h"
#include "orchestrator/streams/projection.h"
#include "trace/clock.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/mutex.h"

namespace devs {

// True for the first caller of each entry, in order of sequence: what was told about a
// later entry is not told again about an earlier one that is replayed.
bool first_to_tell(std::atomic<Sequence>& told, Sequence sequence);

// `console`: the envelope with what the agent console shows of it (SAOP 8).
//
// What it keeps is only what stops it from repeating itself: an entry is warned about
// once, however many readers, replays and threads show it.
class ConsoleProjection final : public Projection {
 public:
  ConsoleProjection(const Clock& clock, Log& log, Metrics& metrics);

  std::string_view name() const override { return "console"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override;
  bool shows(const EntryView& entry, std::string_view id) const override;

 private:
  // True when it is to be shown; what stands against it is told once.
  bool judge(ConsoleView::Kind kind, const EntryView& entry, std::string_view id) const;
  void warn_unknown(const EntryView& entry, std::string_view id) const DEVS_EXCLUDES(mutex_);

  const Clock& clock_;
  Log& log_;
  Counter& annotation_errors_;
  Counter& unknown_types_;

  mutable std::atomic<Sequence> told_{0};  // the newest entry a line was written for
  mutable Mutex mutex_;
  // When an unknown type may be warned about again.  Bounded: types are input.
  mutable std::unordered_map<std::string, TimePoint> quiet_until_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
