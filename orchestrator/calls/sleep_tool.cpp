#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "orchestrator/calls/builtin_tools.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::chrono::milliseconds kProgressEach{100};

// One sleep: a timer on the reactor, no thread.
class Sleep : public std::enable_shared_from_this<Sleep> {
 public:
  Sleep(Reactor& reactor, ToolRun run, ToolDone done)
      : reactor_(reactor),
        run_(std::move(run)),
        done_(std::move(done)),
        ms_(JsonView(run_.arguments)["ms"].integer().value_or(0)),
        tick_([this] { look(); }) {}

  // On the reactor.  Lives in its own timer until it is over.
  void begin() {
    began_ = reactor_.now();
    self_ = shared_from_this();
    // Cancelled: the call is over already, only this timer is left to be ended.
    on_stop_.emplace(run_.stop, [this, weak = weak_from_this()] {
      reactor_.post([weak] {
        if (auto sleeping = weak.lock()) sleeping->end();
      });
    });
    look();
  }

 private:
  void look() {
    if (!done_) return;
    const auto slept =
        std::chrono::duration_cast<std::chrono::milliseconds>(reactor_.now() - began_);
    if (slept.count() >= ms_) {
      ToolDone done = std::move(done_);
      done(text_outcome("slept " + std::to_string(ms_) + " ms"));
      return end();
    }
    if (run_.wants_progress && slept.count() > 0)
      run_.progress("{\"progress\":" + std::to_string(slept.count()) +
                    ",\"total\":" + std::to_string(ms_) + "}");
    const auto left = std::chrono::milliseconds(ms_) - slept;
    reactor_.timers().set(
        tick_, reactor_.now() + (run_.wants_progress ? std::min(left, kProgressEach) : left));
  }

  void end() {
    tick_.cancel();
    // Not here: this runs inside the timer, or inside the stop callback's post.
    reactor_.post([self = std::move(self_)] {});
  }

  Reactor& reactor_;
  ToolRun run_;
  ToolDone done_;
  const std::int64_t ms_;
  TimePoint began_{};
  Timer tick_;
  std::shared_ptr<Sleep> self_;
  std::optional<std::stop_callback<MoveFunction<void()>>> on_stop_;
};

class SleepTool final : public Tool {
 public:
  explicit SleepTool(Reactor& reactor) : reactor_(reactor) {}
  const ToolSpec& spec() const override { return spec_; }

  void start(ToolRun run, ToolDone done) override {
    reactor_.post([sleep = std::make_shared<Sleep>(reactor_, std::move(run), std::move(done))] {
      sleep->begin();
    });
  }

 private:
  Reactor& reactor_;
  const ToolSpec spec_ = make_tool_spec(
      "sleep", "Waits, tells progress each 100 ms, and ends when it is cancelled.",
      R"({"type":"object","properties":{"ms":{"type":"integer","minimum":0,"maximum":600000}},)"
      R"("required":["ms"],"additionalProperties":false})",
      R"({"readOnlyHint":true,"openWorldHint":false})");
};

}  // namespace

ToolPtr make_sleep_tool(Reactor& reactor) {
  return std::make_shared<SleepTool>(reactor);
}

}  // namespace devs
