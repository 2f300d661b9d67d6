#pragma once

#include <map>
#include <memory>

#include "orchestrator/net/reactor.h"
#include "protocol/status.h"
#include "trace/bell.h"
#include "trace/trace_stream_bus.h"
#include "trace/work.h"

namespace devs {

// Whoever waits for "my entry is stored": parked under its sequence, woken by the
// bus's bell on the reactor.  No thread waits.
//
// A recorder that cannot store wakes everybody with its reason; one that goes on
// (OnFailure) gives the entry up, which then counts as stored.  A closed bus wakes
// everybody once the last entry is stored.
//
// when_stored() is thread-safe; the work runs on the reactor and may only post,
// hand over, or send.
class StoredWaiters {
 public:
  StoredWaiters(TraceStreamBus& bus, Reactor& reactor);
  StoredWaiters(const StoredWaiters&) = delete;
  StoredWaiters& operator=(const StoredWaiters&) = delete;

  using Then = MoveFunction<void(const Status&)>;  // ok: stored
  void when_stored(Sequence sequence, Then then) DEVS_EXCLUDES(mutex_);

 private:
  void look() DEVS_EXCLUDES(mutex_);

  TraceStreamBus& bus_;
  Bell bell_;

  Mutex mutex_;
  std::multimap<Sequence, Then> waiting_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
