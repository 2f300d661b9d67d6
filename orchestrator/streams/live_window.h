#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/streams/projector.h"
#include "orchestrator/streams/topic_index.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// The newest stretch of the log as frames, for readers that keep up: looks at each
// visible entry once, encodes it once per projection, and lays it into the shared
// batches of the groups that want it.
//
// Bounded as a whole: the oldest batch of any group goes first.  Whoever still
// wanted it finds its entries in the ring.
//
// Confined to the reactor.
class LiveWindow {
 public:
  LiveWindow(TraceStreamBus& bus, Projector& projector, Metrics& metrics);
  LiveWindow(const LiveWindow&) = delete;
  LiveWindow& operator=(const LiveWindow&) = delete;

  TopicIndex& groups() { return groups_; }
  Sequence looked() const { return looked_; }                   // everything up to here is laid out
  std::uint64_t looked_bytes() const { return looked_bytes_; }  // of bodies, so far

  // Looks at the next entries, about a thousand.  Groups that got something are
  // appended to `due`.  False: there was nothing.
  bool look(std::vector<GroupPtr>& due, TimePoint now);

  // From here on a group's batches are whole; before, its entries are elsewhere.
  Sequence live_from(const StreamGroup& group) const {
    return group.since > floor_ ? group.since : floor_;
  }

 private:
  void lay_out(const Entry& entry, TimePoint now);
  const std::string& encoded(const Projection& projection, const Entry& entry);
  void seal(const GroupPtr& group);
  void trim();
  void fell_behind(std::vector<GroupPtr>& due);

  TraceStreamBus& bus_;
  Projector& projector_;
  Counter& encoded_;
  Counter& batches_;

  TopicIndex groups_;
  Sequence looked_;
  std::uint64_t looked_bytes_ = 0;
  Sequence floor_ = 0;

  // Every batch in any group, oldest first.
  struct Kept {
    GroupPtr group;
    std::size_t bytes;
  };
  std::deque<Kept> kept_;
  std::size_t kept_bytes_ = 0;

  // Of one look; members so that their memory is used again.
  std::vector<EntryPtr> entries_;
  std::vector<GroupPtr> touched_;
  struct Encoded {
    const Projection* projection;
    Sequence sequence = 0;  // of the entry it is of
    std::string frames = {};
  };
  std::vector<Encoded> encoded_now_;  // one per projection in use
};

}  // namespace devs
