#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/calls/tool.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/upstream/correlation.h"
#include "protocol/json.h"

namespace devs {

// Every call of one upstream from start to end: sent at most max_in_flight at a
// time, the others in line; each ended exactly once, by its answer, its deadline,
// its stop token, or the child's end, and its ToolDone called then.
//
// Confined to the reactor, but in_flight().
class UpstreamCalls : public std::enable_shared_from_this<UpstreamCalls> {
 public:
  struct Options {
    std::string server;
    std::chrono::milliseconds timeout{300'000};  // progress starts it again
    std::size_t max_in_flight = 16;
    std::size_t max_waiting = 1024;  // beyond: UPSTREAM_UNAVAILABLE at once
  };
  // One line to the child; false when it takes none.
  using Send = std::function<bool(std::string_view line)>;

  UpstreamCalls(Options options, Correlation& correlation, Reactor& reactor, Send send);
  ~UpstreamCalls();
  UpstreamCalls(const UpstreamCalls&) = delete;
  UpstreamCalls& operator=(const UpstreamCalls&) = delete;

  // `tool` is the upstream's own name.  `as_task`: it runs there as a task, of which the
  // caller notices nothing: the call ends when the task does, and cancelling it cancels that.
  void begin(std::string tool, bool as_task, ToolRun run, ToolDone done);
  // params of notifications/progress: to the call whose token it names, without
  // the token; false when there is none, or the value does not grow.
  bool progress(JsonView params);

  // Calls are sent from now on.
  void open() { closed_because_.clear(); }
  // All calls end as UPSTREAM_UNAVAILABLE, and so does every new one until open().
  void close(std::string why);

  std::size_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  bool idle() const { return calls_.empty(); }

 private:
  struct Call;

  void send(std::uint64_t id, Call& call);
  void ask(std::uint64_t id, Call& call, std::uint64_t request, std::string_view line);
  void on_reply(std::uint64_t id, UpstreamReply reply);
  void tell_cancelled(const Call& call, bool too_late);
  void send_next();
  void restart_clock(Call& call);
  void give_up(std::uint64_t id, CallStatus status);
  void finish(std::uint64_t id, ToolOutcome outcome);
  ToolOutcome unavailable(std::string_view why) const;

  const Options options_;
  Correlation& correlation_;
  Reactor& reactor_;
  const Send send_;
  std::string closed_because_ = "it has not started yet";
  std::map<std::uint64_t, std::unique_ptr<Call>> calls_;
  std::deque<std::uint64_t> line_;
  std::atomic<std::size_t> in_flight_{0};  // sent and not ended
};

}  // namespace devs
