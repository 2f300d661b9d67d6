#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "orchestrator/net/worker_pool.h"
#include "protocol/tool.h"
#include "trace/clock.h"
#include "trace/work.h"

namespace devs {

using CallId = std::uint64_t;  // of one call in this process; never reused

// What a tool is given of one call.  Copyable; outlives the call harmlessly.
struct ToolRun {
  CallId id = 0;
  std::string arguments;  // JSON object text, checked against the input schema
  TimePoint deadline{};
  std::stop_token stop;  // timeout, cancellation or shutdown: end soon
  // Fields of a progress notification without token: `{"progress":1,"total":2}`.
  // Any thread; dropped when the caller asked for none or the call has ended.
  std::function<void(std::string_view fields)> progress;
  bool wants_progress = false;
  std::string traceparent;  // of the call's own span, for upstreams
};

// Called exactly once per start, on any thread.  Dying uncalled is the tool's
// own failure and answers for it.
using ToolDone = MoveFunction<void(ToolOutcome)>;

// One callable tool.  Immutable after registration; start() is thread-safe.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual const ToolSpec& spec() const = 0;
  // Begins the call and returns at once; never blocks, never throws.
  virtual void start(ToolRun run, ToolDone done) = 0;
};
using ToolPtr = std::shared_ptr<Tool>;

// A tool that lives in this process as a function, run on a tool worker.
//
// The function may throw: that is where a stranger's exceptions end, as an
// outcome.  It should look at `run.stop` when it takes long; one that ignores it
// keeps its worker, and its late answer is dropped.
using ToolFunction = std::function<ToolOutcome(const ToolRun&)>;
ToolPtr make_function_tool(ToolSpec spec, ToolFunction function, WorkerPool& workers);

}  // namespace devs
