#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "orchestrator/access/access.h"
#include "orchestrator/mcp/mcp_endpoint.h"
#include "orchestrator/net/http_front.h"
#include "protocol/json.h"
#include "tests/support/call_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/mcp_client.h"
#include "tests/support/patience.h"

namespace devs {

// A tool that answers when the test says so, from the test's own thread.
class HeldTool final : public Tool {
 public:
  explicit HeldTool(std::string_view name, TaskMode task = TaskMode::automatic)
      : spec_(make_tool_spec(name, "", R"({"type":"object"})")) {
    spec_.task = task;
  }
  const ToolSpec& spec() const override { return spec_; }
  // Before it is registered.
  void belongs_to(std::string_view server) { spec_.server = server; }
  void start(ToolRun run, ToolDone done) override {
    MutexLock lock(mutex_);
    started_.emplace_back(std::move(run), std::move(done));
    changed_.notify_all();
  }
  // The `index`-th call, once it has begun.
  bool wait_for(std::size_t index = 0) {
    const auto deadline = soon();
    MutexLock lock(mutex_);
    while (started_.size() <= index)
      if (!changed_.wait_until(mutex_, deadline)) return false;
    return true;
  }
  ToolRun run(std::size_t index = 0) {
    MutexLock lock(mutex_);
    return started_.at(index).first;
  }
  void answer(std::string_view text, std::size_t index = 0) {
    answer_with(text_outcome(text), index);
  }
  void answer_with(ToolOutcome outcome, std::size_t index = 0) {
    ToolDone done;
    {
      MutexLock lock(mutex_);
      done = std::move(started_.at(index).second);
    }
    done(std::move(outcome));
  }
  bool was_stopped(std::size_t index = 0) { return run(index).stop.stop_requested(); }
  // Its calls, which keep the endpoint; as a prompt, or listed in pages, the endpoint keeps it.
  void forget() {
    std::vector<std::pair<ToolRun, ToolDone>> dying;
    MutexLock lock(mutex_);
    dying.swap(started_);
  }

 private:
  ToolSpec spec_;  // set before it is shared
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::pair<ToolRun, ToolDone>> started_ DEVS_GUARDED_BY(mutex_);
};

struct McpSetup {
  McpEndpoint::Options mcp{};
  Access::Options access{};
  CallDesk::Options desk{};
  HttpFront::Authorize authorize{};  // in place of Access, when there is one
};

// The endpoint behind a real front, a real desk, a real log, on a clock that the
// test moves.
class McpFixture {
 public:
  explicit McpFixture(McpSetup options = {})
      : house(options.desk, clock),
        held(std::make_shared<HeldTool>("held")),
        access_(options.access),
        authorize_(options.authorize
                       ? std::move(options.authorize)
                       : [this](Exchange& exchange,
                                const Route& route) { return access_.check(exchange, route); }),
        workers_({.name = "http", .threads = 2, .queue_capacity = 256}) {
    options.mcp.version = "9.9.9";
    REQUIRE(house.tools.add(held).ok());
    REQUIRE(house.tools
                .add(make_function_tool(
                    make_tool_spec("echo", "Says it again.",
                                   R"({"type":"object","properties":{"text":{"type":)"
                                   R"("string"}},"required":["text"]})"),
                    [](const ToolRun& run) {
                      return text_outcome(JsonView(run.arguments)["text"].string().value_or(""));
                    },
                    house.workers))
                .ok());
    endpoint = std::make_unique<McpEndpoint>(std::move(options.mcp), house.desk, house.tools,
                                             house.reactor, house.house_workers,
                                             stderr_log(Log::Level::error), house.metrics);
    RouteTable routes;
    REQUIRE(endpoint->add_routes(routes).ok());
    // A front belongs to its reactor, which turns already.
    on_reactor([this, &routes] {
      front_ = std::make_unique<HttpFront>(HttpFront::Options{}, std::move(routes), authorize_,
                                           house.reactor, workers_, stderr_log(Log::Level::error),
                                           house.metrics);
    });
    const Status listening = front_->listen();
    REQUIRE_MESSAGE(listening.ok(), listening.message());
  }
  ~McpFixture() {
    front_->close();
    house.desk.drain(std::chrono::steady_clock::now());
    endpoint->close();
    workers_.stop();
    front_->stop(house.reactor.now() + std::chrono::seconds(1));
    on_reactor([this] { front_.reset(); });
    held->forget();
  }
  McpFixture(const McpFixture&) = delete;
  McpFixture& operator=(const McpFixture&) = delete;

  std::uint16_t port() const { return front_->port(); }
  McpClient client() const { return McpClient(port()); }
  // One that has a session.
  McpClient ready(std::string_view revision = "2025-11-25",
                  std::string_view capabilities = "{}") const {
    McpClient client(port());
    REQUIRE(client.initialize(revision, capabilities).status == 200);
    REQUIRE(client.session.size() == 32);
    return client;
  }
  HttpFront::Counts counts() const { return front_->counts(); }

  // Moves time, and the reactor with it.
  void advance(Duration by) {
    clock.advance(by);
    on_reactor([] {});
  }
  // Returns when `what`, and everything posted before, has run on the reactor.
  void on_reactor(std::function<void()> what) {
    Gate done;
    house.reactor.post([&done, what = std::move(what)] {
      what();
      done.open();
    });
    done.pass();
  }
  // True as soon as `holds`, at most `kPatience` from now.
  bool eventually(const std::function<bool()>& holds) {
    const auto deadline = soon();
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      on_reactor([] {});
      std::this_thread::yield();
    }
    return true;
  }

  FakeClock clock;
  CallFixture house;
  const std::shared_ptr<HeldTool> held;
  std::unique_ptr<McpEndpoint> endpoint;

 private:
  const Access access_;
  const HttpFront::Authorize authorize_;
  WorkerPool workers_;
  std::unique_ptr<HttpFront> front_;
};

inline JsonView result_of(const WireAnswer& answer) {
  return JsonView(answer.body)["result"];
}
inline std::int64_t error_code_of(std::string_view message) {
  return JsonView(message)["error"]["code"].integer().value_or(0);
}
inline std::int64_t error_code_of(const WireAnswer& answer) {
  return error_code_of(answer.body);
}
inline std::string text_of(std::string_view message) {
  std::string text;
  JsonView(message)["result"]["content"].each_element(
      [&text](JsonView block) { text += block["text"].string().value_or(""); });
  return text;
}

}  // namespace devs
