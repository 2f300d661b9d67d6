#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/call_fixture.h"
#include "tests/support/patience.h"

// What the tests of one call share: tools to call, and looks at their story.
namespace devs {

inline const std::vector<std::string> kPair = {"action", "observation"};

inline ToolSpec spec(std::string_view name) {
  return make_tool_spec(name, "",
                        R"({"type":"object","properties":{"n":{"type":"integer"}},"required":[]})");
}
inline void add(CallFixture& house, std::string_view name, ToolFunction function) {
  REQUIRE(house.tools.add(make_function_tool(spec(name), std::move(function), house.workers)).ok());
}
inline JsonView body(const EntryPtr& entry) {
  return JsonView(entry->body);
}
inline std::string status_of(const EntryPtr& observation) {
  return body(observation)["metadata"]["status"].string().value_or("");
}

// A tool that answers when the test says so, from the test's own thread.
class Held final : public Tool {
 public:
  explicit Held(std::string_view name) : spec_(make_tool_spec(name, "", R"({"type":"object"})")) {}
  const ToolSpec& spec() const override { return spec_; }
  void start(ToolRun run, ToolDone done) override {
    MutexLock lock(mutex_);
    run_ = std::move(run);
    done_ = std::move(done);
    started_ = true;
    changed_.notify_all();
  }
  bool wait_started() {
    const auto deadline = soon();
    MutexLock lock(mutex_);
    while (!started_)
      if (!changed_.wait_until(mutex_, deadline)) return started_;
    return true;
  }
  ToolDone take_done() {
    MutexLock lock(mutex_);
    return std::move(done_);
  }
  ToolRun run() {
    MutexLock lock(mutex_);
    return run_;
  }

 private:
  const ToolSpec spec_;
  Mutex mutex_;
  CondVar changed_;
  ToolRun run_;
  ToolDone done_;
  bool started_ = false;
};

}  // namespace devs
