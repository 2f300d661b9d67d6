#include <exception>
#include <utility>

#include "orchestrator/calls/tool.h"
#include "protocol/json.h"

namespace devs {
namespace {

class FunctionTool final : public Tool {
 public:
  FunctionTool(ToolSpec spec, ToolFunction function, WorkerPool& workers)
      : spec_(std::move(spec)), function_(std::move(function)), workers_(workers) {}

  const ToolSpec& spec() const override { return spec_; }

  void start(ToolRun run, ToolDone done) override {
    // Shared, because a refusal must still answer: the pool drops what it refuses.
    auto owed = std::make_shared<ToolDone>(std::move(done));
    Status taken = workers_.try_submit([this, run = std::move(run), owed] {
      if (run.stop.stop_requested()) return;  // its story has been told while it waited
      (*owed)(invoke(run));
    });
    if (!taken.ok())
      (*owed)(text_outcome("The tool could not be started: " + taken.message(),
                           CallStatus::upstream_unavailable));
  }

 private:
  // Where a stranger's exceptions end.
  ToolOutcome invoke(const ToolRun& run) const {
    try {
      ToolOutcome outcome = function_(run);
      if (outcome.result.empty()) return outcome;
      // What a stranger wrote goes to log and caller only as one line of JSON.
      auto checked = compact_json(outcome.result, kUpstreamJson);
      if (!checked.ok())
        return text_outcome("The tool's result is no JSON: " + checked.status().message(),
                            CallStatus::tool_error);
      outcome.result = std::move(*checked);
      return outcome;
    } catch (const std::exception& error) {
      return text_outcome("The tool threw: " + std::string(error.what()), CallStatus::tool_error);
    } catch (...) {
      return text_outcome("The tool threw something unknown.", CallStatus::tool_error);
    }
  }

  const ToolSpec spec_;
  const ToolFunction function_;
  WorkerPool& workers_;
};

}  // namespace

ToolPtr make_function_tool(ToolSpec spec, ToolFunction function, WorkerPool& workers) {
  return std::make_shared<FunctionTool>(std::move(spec), std::move(function), workers);
}

}  // namespace devs
