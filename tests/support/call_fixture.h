#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "orchestrator/calls/call_desk.h"
#include "orchestrator/net/stored_waiters.h"
#include "tests/support/broken_file.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"
#include "trace/flight_log.h"
#include "trace/flight_recorder.h"

namespace devs {

// A real bus, log, recorder and reactor (on its own thread) around a CallDesk.
// The disk breaks when the test says so; the clock may be the test's.
class CallFixture {
 public:
  explicit CallFixture(CallDesk::Options options = {}, const Clock& clock = system_clock(),
                       OnFailure on_failure = OnFailure::refuse)
      : log_(std::move(
            FlightLog::open({.dir = dir_.path(), .files = &disk}, stderr_log(Log::Level::error))
                .value())),
        bus({}, clock),
        recorder_(bus, *log_, nullptr, stderr_log(Log::Level::error), metrics,
                  {.on_failure = on_failure, .retry = std::chrono::milliseconds(5)}),
        reactor(clock, metrics),
        waiters(bus, reactor),
        house_workers({.name = "house", .threads = 1, .queue_capacity = 64}),
        workers({.name = "tool", .threads = 2, .queue_capacity = 64}),
        desk(options, log_->epoch(), bus, waiters, tools, reactor, house_workers,
             stderr_log(Log::Level::error), metrics),
        turning_([this] { reactor.run(); }) {}
  ~CallFixture() {
    disk.mend();
    desk.drain(soon());
    workers.stop();
    house_workers.stop();
    bus.close();
    recorder_.stop();
    reactor.stop();
  }

  // Where a call's answer arrives.
  struct Answered {
    Mutex mutex;
    CondVar changed;
    bool done DEVS_GUARDED_BY(mutex) = false;
    CallAnswer answer DEVS_GUARDED_BY(mutex);
    std::vector<std::string> progress DEVS_GUARDED_BY(mutex);

    bool wait() {
      const auto deadline = soon();
      MutexLock lock(mutex);
      while (!done)
        if (!changed.wait_until(mutex, deadline)) return done;
      return true;
    }
    bool is_done() {
      MutexLock lock(mutex);
      return done;
    }
    CallAnswer take() {
      MutexLock lock(mutex);
      return std::move(answer);
    }
  };
  using AnsweredPtr = std::shared_ptr<Answered>;

  CallRequest request(std::string tool, std::string arguments, AnsweredPtr to) {
    CallRequest asked;
    asked.params.name = std::move(tool);
    asked.params.arguments = std::move(arguments);
    asked.jsonrpc_id = "1";
    asked.client_name = "tester";
    asked.session_id = "s-1";
    asked.task_id = "t-1";
    asked.answer = [to](CallAnswer answer) {
      MutexLock lock(to->mutex);
      to->answer = std::move(answer);
      to->done = true;
      to->changed.notify_all();
    };
    return asked;
  }
  AnsweredPtr call(std::string tool, std::string arguments = "{}") {
    auto to = std::make_shared<Answered>();
    desk.begin(request(std::move(tool), std::move(arguments), to));
    return to;
  }

  // Everything stored so far, in order.
  std::vector<EntryPtr> story() {
    (void)recorder_.flush(soon());
    std::vector<EntryPtr> all;
    (void)read_entries(*log_, 1, {100'000, 64 * kMiB}, all);
    return all;
  }
  std::vector<std::string> types() {
    std::vector<std::string> seen;
    for (const EntryPtr& entry : story()) seen.push_back(entry->facts.type);
    return seen;
  }
  const FlightLog& log() const { return *log_; }

  BrokenDisk disk;

 private:
  TempDir dir_;
  std::unique_ptr<FlightLog> log_;

 public:
  Metrics metrics;
  TraceStreamBus bus;

 private:
  FlightRecorder recorder_;

 public:
  Reactor reactor;
  StoredWaiters waiters;
  WorkerPool house_workers;
  WorkerPool workers;
  ToolRegistry tools;
  CallDesk desk;

 private:
  std::jthread turning_;
};

}  // namespace devs
