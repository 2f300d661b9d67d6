#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/upstream/upstream_config.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// How one upstream fares, for people.
struct UpstreamState {
  std::string key;
  std::string state;  // "starting", "up", "down", "stopped"
  std::string revision;
  int pid = 0;  // of the server itself, not of its guard
  std::size_t tools = 0;
  std::size_t in_flight = 0;
  std::uint64_t restarts = 0;
  std::string last_error;
};

// The child MCP servers behind this house: started in parallel, their tools
// registered under namespaced names, restarted with backoff, stopped without
// leaving anybody behind.
//
// A server that is down keeps its tools listed; calls to them answer
// UPSTREAM_UNAVAILABLE at once.  Changes (not the first start) are published as
// `system` envelopes UPSTREAM_DOWN, UPSTREAM_UP, TOOLS_CHANGED.
//
// start(), stop() and states() belong to the owner's threads; the rest happens on
// the reactor, which must be running; spawning on a worker.
class UpstreamSet {
 public:
  struct Options {
    std::vector<UpstreamConfig> upstreams;
    std::string guard_path;  // the child guard program; empty: beside this executable
    std::chrono::milliseconds backoff_first{500};
    std::chrono::milliseconds backoff_last{30'000};
    std::chrono::milliseconds healthy_after{60'000};  // then the backoff begins anew
    std::chrono::milliseconds stop_step{2'000};       // close stdin, TERM, KILL: one each
  };

  UpstreamSet(Options options, TraceStreamBus& bus, ToolRegistry& tools, Reactor& reactor,
              WorkerPool& workers, Log& log, Metrics& metrics);
  ~UpstreamSet();
  UpstreamSet(const UpstreamSet&) = delete;
  UpstreamSet& operator=(const UpstreamSet&) = delete;

  void start();
  // Blocks until every upstream has listed its tools or failed once, at most until
  // `deadline`.  Nobody needs to call it: for command lines and tests.
  void wait_settled(TimePoint deadline);
  // The ladder for all of them at once; returns when every child is reaped.
  // Calls in flight end as UPSTREAM_UNAVAILABLE.  Idempotent.
  void stop();

  std::vector<UpstreamState> states() const;

 private:
  class Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace devs
