#include "orchestrator/calls/tool_registry.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/gate.h"
#include "tests/support/patience.h"

namespace devs {
namespace {

class Named final : public Tool {
 public:
  Named(std::string name, std::string server)
      : spec_(make_tool_spec(name, "", R"({"type":"object"})")) {
    spec_.server = std::move(server);
  }
  const ToolSpec& spec() const override { return spec_; }
  void start(ToolRun, ToolDone done) override { done(text_outcome("ran")); }

 private:
  ToolSpec spec_;
};
ToolPtr named(std::string name, std::string server = "builtin") {
  return std::make_shared<Named>(std::move(name), std::move(server));
}
std::vector<std::string> names(const ToolSetPtr& set) {
  std::vector<std::string> all;
  for (const ToolSpec* spec : set->listed()) all.push_back(spec->name);
  return all;
}

TEST_CASE("ToolRegistry: built-ins come first, then servers, then names, by bytes") {
  ToolRegistry tools;
  tools.replace("zoo", {named("zoo__a", "zoo")});
  tools.replace("ant", {named("ant__b", "ant"), named("ant__a", "ant")});
  REQUIRE(tools.add(named("echo")).ok());
  CHECK(names(tools.snapshot()) == std::vector<std::string>{"echo", "ant__a", "ant__b", "zoo__a"});
}

TEST_CASE("ToolRegistry: a snapshot does not change under its holder") {
  ToolRegistry tools;
  REQUIRE(tools.add(named("echo")).ok());
  const ToolSetPtr before = tools.snapshot();
  tools.replace("ant", {named("ant__a", "ant")});
  CHECK(names(before) == std::vector<std::string>{"echo"});
  CHECK(before->find("ant__a") == nullptr);
  CHECK(tools.snapshot()->find("ant__a") != nullptr);
  CHECK(tools.snapshot()->generation() > before->generation());
}

TEST_CASE("ToolRegistry: a taken name is refused, a server's is left out and told") {
  ToolRegistry tools;
  REQUIRE(tools.add(named("echo")).ok());
  CHECK(tools.add(named("echo")).code() == Code::invalid_argument);
  CHECK(tools.replace("ant", {named("echo", "ant"), named("ant__a", "ant")}) ==
        std::vector<std::string>{"echo"});
  CHECK(tools.snapshot()->find("echo")->tool->spec().server == "builtin");
}

// Whoever asks it for its spec while it is `slow` waits.
class SlowToTell final : public Tool {
 public:
  const ToolSpec& spec() const override {
    if (slow) gate.pass();
    return spec_;
  }
  void start(ToolRun, ToolDone done) override { done(text_outcome("ran")); }

  std::atomic<bool> slow{false};
  mutable Gate gate;

 private:
  const ToolSpec spec_ = make_tool_spec("slow", "", R"({"type":"object"})");
};

TEST_CASE("[M65] ToolRegistry: while a list is built, whoever looks does not wait for it") {
  ToolRegistry tools;
  const auto slow = std::make_shared<SlowToTell>();
  REQUIRE(tools.add(slow).ok());
  slow->slow = true;
  std::jthread building([&tools] { tools.replace("ant", {named("ant__a", "ant")}); });
  REQUIRE(slow->gate.wait_for_arrival());
  auto seen =
      std::async(std::launch::async, [&tools] { return tools.snapshot()->listed().size(); });
  const bool at_once = seen.wait_until(soon()) == std::future_status::ready;
  slow->slow = false;
  slow->gate.open();
  CHECK(at_once);
  CHECK(seen.get() == 1);
  building.join();
  CHECK(tools.snapshot()->listed().size() == 2);
}

TEST_CASE("ToolRegistry: names of 1 to 128 bytes") {
  ToolRegistry tools;
  CHECK(tools.add(named(std::string(128, 'a'))).ok());
  CHECK(tools.add(named(std::string(129, 'a'))).code() == Code::invalid_argument);
  CHECK(tools.add(named("")).code() == Code::invalid_argument);
}

TEST_CASE("ToolRegistry: an empty list removes the server") {
  ToolRegistry tools;
  tools.replace("ant", {named("ant__a", "ant")});
  tools.replace("ant", {});
  CHECK(tools.snapshot()->listed().empty());
}

}  // namespace
}  // namespace devs
