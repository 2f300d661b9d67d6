#pragma once

#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "orchestrator/agents/agent_keeper.h"
#include "orchestrator/agents/agent_tasks.h"
#include "tests/orchestrator/calls/call_kit.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"

namespace devs {

// One life of a house with tasks of agents: log, recorder, bus, reactor, desk, all real.
struct AgentHouse {
  explicit AgentHouse(const std::filesystem::path& dir, const Clock& clock_ = system_clock(),
                      AgentKeeper::Options options = {})
      : clock(clock_),
        flight(FlightLog::open({.dir = dir, .clock = &clock}, log).value()),
        bus({.last = flight->last()}, clock),
        recorder(bus, *flight, nullptr, log, metrics, {}),
        reactor(clock, metrics),
        workers({.name = "house", .threads = 2, .queue_capacity = 4096}),
        tool_workers({.name = "tool", .threads = 2, .queue_capacity = 4096}),
        waiters(bus, reactor),
        desk({}, flight->epoch(), bus, waiters, tools, reactor, workers, log, metrics),
        keeper(
            options,
            AgentTaskStore::open(dir / "agent_tasks.db", flight->epoch(), flight->last()).value(),
            bus, *flight, flight->epoch(), reactor, workers, log, metrics),
        tasks(keeper, bus, waiters, desk, clock, metrics),
        turning([this] { reactor.run(); }) {
    REQUIRE(tasks.recover().ok());
  }
  ~AgentHouse() {
    desk.drain(soon());
    tool_workers.stop();
    bus.close();
    recorder.stop();
    reactor.stop();
    turning.join();
    workers.stop();
  }

  // What came of `act`, which is given whom to tell.
  AgentDone::Kind done(const std::function<void(AgentTasks::Told)>& act) {
    const auto told = std::make_shared<std::promise<AgentDone::Kind>>();
    auto future = told->get_future();
    act([told](const AgentDone& end) { told->set_value(end.kind); });
    REQUIRE(future.wait_until(soon()) == std::future_status::ready);
    return future.get();
  }
  static AgentTaskOrder order(std::string id, std::string owner = "local") {
    AgentTaskOrder made;
    made.card.id = std::move(id);
    made.card.owner = owner;
    made.card.org = "acme";
    made.card.agent = "writer";
    made.card.conversation_id = "c-9";
    made.card.stream_id = made.card.id;
    made.card.mode = "converse";
    made.who = {.name = std::move(owner), .is_operator = true};
    return made;
  }
  AgentDone::Kind create(AgentTaskOrder made) {
    made.card.created_ms = keeper.now_ms();
    return done([&](AgentTasks::Told told) { tasks.create(std::move(made), std::move(told)); });
  }
  AgentDone::Kind call(std::string id, std::string tool, std::string arguments = "{}") {
    AgentTaskOrder made = order(std::move(id));
    made.card.is_call = true;
    made.tool = std::move(tool);
    made.arguments = std::move(arguments);
    return create(std::move(made));
  }
  AgentDone::Kind progress(const std::string& id, double percent, std::string message = {}) {
    AgentStep step;
    step.progress = percent;
    step.message = std::move(message);
    return done([&](AgentTasks::Told told) { tasks.progress(id, step, std::move(told)); });
  }
  AgentDone::Kind end(const std::string& id, const AgentTaskEnd& last) {
    return done([&](AgentTasks::Told told) { tasks.end(id, last, std::move(told)); });
  }
  AgentDone::Kind cancel(const std::string& id) {
    return done([&](AgentTasks::Told told) { tasks.cancel(id, "enough", std::move(told)); });
  }

  // What `look` finds in the store, with everything visible folded.
  template <class Look>
  auto asked(Look look) {
    using Found = decltype(look(std::declval<AgentTaskStore&>()));
    const auto found = std::make_shared<std::promise<Found>>();
    auto future = found->get_future();
    keeper.ask(
        [found, look](Result<AgentTaskStore*> store) mutable { found->set_value(look(**store)); });
    REQUIRE(future.wait_until(soon()) == std::future_status::ready);
    return future.get();
  }
  std::optional<AgentTaskRow> row(const std::string& id) {
    return asked([id](AgentTaskStore& store) { return store.find(id).value(); });
  }
  AgentTaskRow ended(const std::string& id) {
    for (const TimePoint deadline = soon();;) {
      const auto found = row(id);
      if (found && found->state.ended != 0) return *found;
      REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
  }
  std::vector<AgentMessage> messages(const std::string& id, Sequence since = 0) {
    return asked([id, since, now = keeper.now_ms()](AgentTaskStore& store) {
      return store.messages(id, since, 10'000, now).value();
    });
  }
  std::size_t stored_messages() {
    return asked([](AgentTaskStore& store) { return store.message_count().value(); });
  }
  // Every entry of a task, in order.
  std::vector<EntryPtr> story(const std::string& id) {
    REQUIRE(recorder.flush(soon()).ok());
    std::vector<EntryPtr> all, found;
    (void)read_entries(*flight, 1, {1'000'000, 64 * kMiB}, all);
    for (const EntryPtr& entry : all)
      if (entry->facts.task_id == id) found.push_back(entry);
    return found;
  }
  std::string told(const std::string& id) {
    std::string names;
    for (const EntryPtr& entry : story(id))
      names += (names.empty() ? "" : " ") +
               (entry->facts.name.empty() ? entry->facts.type : entry->facts.name);
    return names;
  }

  const Clock& clock;
  Log& log = stderr_log(Log::Level::error);
  Metrics metrics;
  const std::unique_ptr<FlightLog> flight;
  TraceStreamBus bus;
  FlightRecorder recorder;
  Reactor reactor;
  WorkerPool workers;
  WorkerPool tool_workers;
  StoredWaiters waiters;
  ToolRegistry tools;
  CallDesk desk;
  AgentKeeper keeper;
  AgentTasks tasks;
  std::jthread turning;
};

}  // namespace devs
