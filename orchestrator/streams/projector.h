#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/streams/projection.h"
#include "protocol/ids.h"
#include "trace/clock.h"
#include "trace/log.h"
#include "trace/metrics.h"

namespace devs {

// The projections of one server, and what holds for all of them: the id of each entry,
// and that one over kMaxStreamedEnvelope is announced, not shown.
//
// add() before anybody listens; the rest is thread-safe.
class Projector {
 public:
  // Knows `raw`, `console`, `named` and `websocket`.
  Projector(Epoch epoch, const Clock& clock, Log& log, Metrics& metrics);
  Projector(const Projector&) = delete;
  Projector& operator=(const Projector&) = delete;

  void add(std::shared_ptr<const Projection> projection);
  // Null: nobody added it.
  const Projection* find(std::string_view name) const;

  // Appends the frames of `entry` to `out`; nothing when the projection leaves it out.
  void append(const Projection& projection, const EntryView& entry, std::string& out);

  const Epoch& epoch() const { return epoch_; }

 private:
  const Epoch epoch_;
  Log& log_;
  Counter& oversize_;
  std::vector<std::shared_ptr<const Projection>> projections_;
  std::atomic<Sequence> oversize_told_{0};  // the newest entry a line was written for
};

}  // namespace devs
