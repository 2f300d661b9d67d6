#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "trace/entry.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/stored_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Functions of the host program that follow the log.
//
// Each is a cursor of its own, drained on a worker: every visible entry once, in
// order, one call at a time.  A slow, throwing, publishing or unsubscribing one
// costs the others nothing.  One that falls off the ring goes on from the flight
// log; what is not there either is counted as missed.
//
// subscribe() is thread-safe.  REQUIRES: dies after `workers` and `reactor`
// stopped.
class Subscribers {
 public:
  using Handler = std::function<void(const Entry&)>;

  // One subscription.  Move-only; dying ends it.  Thread-safe.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept = default;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription() { unsubscribe(); }

    // No call begins after this returns; one that runs on another thread may be
    // finishing.  Also from inside the handler.  Idempotent.
    void unsubscribe();
    std::uint64_t missed() const;  // entries that could not be had any more

   private:
    friend class Subscribers;
    struct State;
    explicit Subscription(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };

  Subscribers(TraceStreamBus& bus, const StoredLog& flight, Reactor& reactor, WorkerPool& workers,
              Log& log, Metrics& metrics);
  ~Subscribers();
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  // From the next visible entry on.
  Subscription subscribe(Handler handler);

 private:
  class Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace devs
