#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "orchestrator/net/principal.h"
#include "orchestrator/net/worker_pool.h"
#include "protocol/client_capabilities.h"
#include "protocol/envelope.h"
#include "protocol/mcp_modern.h"
#include "protocol/tool.h"
#include "trace/clock.h"
#include "trace/work.h"

namespace devs {

using CallId = std::uint64_t;  // of one call in this process; never reused

// The client as a function of the host sees it: what it can be asked, and what it has
// answered so far.  The same in both eras.
//
// A function that needs to know more returns ask_client(...) and is called again, from
// its start, with the answers; meanwhile it holds nothing, no thread and no memory.
struct ClientSide {
  ClientCapabilities can;                      // what it declared
  std::map<std::string, std::string> answers;  // of all rounds: key to result, JSON object text
  std::string state;                           // of the last ask_client()
  unsigned round = 0;                          // asked so often before

  // The answer to the question of that key; absent: not asked, or not answered yet.
  JsonView answer(std::string_view key) const {
    const auto found = answers.find(std::string(key));
    return found == answers.end() ? JsonView() : JsonView(found->second);
  }
};

// Why the client will not be asked what `outcome` asks, as the answer to give instead;
// nullopt: it will.  Undeclared kinds are never asked for, nor anybody for ever.
std::optional<ToolOutcome> why_not_asked(const ClientSide& client, const ToolOutcome& outcome);

// What a tool is given of one call.  Copyable; outlives the call harmlessly.
struct ToolRun {
  CallId id = 0;
  Principal caller;
  std::string arguments;  // JSON object text, checked against the input schema
  TimePoint deadline{};
  std::stop_token stop;  // timeout, cancellation or shutdown: end soon
  // Fields of a progress notification without token: `{"progress":1,"total":2}`.
  // Any thread; dropped when the caller asked for none or the call has ended.
  std::function<void(std::string_view fields)> progress;
  bool wants_progress = false;
  // A log message, RFC 5424; `data` is JSON text.  Any thread; dropped when the client
  // did not ask for that level or the call has ended.
  std::function<void(LogLevel level, std::string_view logger, std::string_view data)> log;
  // Lets the client of a slow call hang up: the stream of the answer ends now, and the client
  // comes back for it after `retry` (SSE polling).  Any thread; again once it has come back.
  // Does nothing but in a session of 2025-11-25 over HTTP.
  std::function<void(std::chrono::milliseconds retry)> let_poll;
  ClientSide client;
  std::string traceparent;  // of the call's own span, for upstreams
  EnvelopeOrigin origin;    // whose story the call belongs to
  std::string span_id;      // the call's own
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
