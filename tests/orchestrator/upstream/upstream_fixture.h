#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "orchestrator/upstream/upstream_set.h"
#include "tests/support/temp_dir.h"
#include "trace/mutex.h"

namespace devs {

inline constexpr std::chrono::seconds kGenerous{20};

inline TimePoint generous_deadline() {
  return std::chrono::steady_clock::now() + kGenerous;
}

// Remembers every line, and lets a test wait for one.  Thread-safe.
class WatchedLog final : public Log {
 public:
  void line(Level, std::string_view event, std::initializer_list<Field> fields) override
      DEVS_EXCLUDES(mutex_) {
    std::string text(event);
    for (const Field& field : fields)
      text.append(" ").append(field.first).append("=").append(field.second);
    MutexLock lock(mutex_);
    lines_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::size_t count(std::string_view part) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return count_locked(part);
  }
  // False when there were fewer than `times` lines with `part` by the deadline.
  bool wait_for(std::string_view part, std::size_t times = 1,
                TimePoint deadline = generous_deadline()) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (count_locked(part) < times)
      if (!changed_.wait_until(mutex_, deadline)) return count_locked(part) >= times;
    return true;
  }
  // Returns when another line came, or at the deadline.
  void wait_for_more(TimePoint deadline) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const std::size_t before = lines_.size();
    while (lines_.size() == before)
      if (!changed_.wait_until(mutex_, deadline)) return;
  }

 private:
  std::size_t count_locked(std::string_view part) const DEVS_REQUIRES(mutex_) {
    std::size_t found = 0;
    for (const std::string& line : lines_)
      if (line.find(part) != std::string::npos) ++found;
    return found;
  }

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::vector<std::string> lines_ DEVS_GUARDED_BY(mutex_);
};

// What became of one call.  Thread-safe; shared with the call.
class CallWatch {
 public:
  void done(ToolOutcome outcome) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++times_;
    outcome_ = std::move(outcome);
    changed_.notify_all();
  }
  void progressed(std::string_view fields) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    progress_.emplace_back(fields);
    changed_.notify_all();
  }
  // A fault of its own when nothing came.
  ToolOutcome wait() DEVS_EXCLUDES(mutex_) {
    const TimePoint deadline = generous_deadline();
    MutexLock lock(mutex_);
    while (times_ == 0)
      if (!changed_.wait_until(mutex_, deadline))
        return {CallStatus::abandoned, {}, RpcFault{0, "the test waited in vain", {}}};
    return outcome_;
  }
  bool ended() DEVS_EXCLUDES(mutex_) { return times() > 0; }
  int times() DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return times_;
  }
  std::vector<std::string> progress() DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return progress_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int times_ DEVS_GUARDED_BY(mutex_) = 0;
  ToolOutcome outcome_ DEVS_GUARDED_BY(mutex_);
  std::vector<std::string> progress_ DEVS_GUARDED_BY(mutex_);
};

struct StartedCall {
  std::shared_ptr<CallWatch> watch = std::make_shared<CallWatch>();
  std::stop_source stop;
};

// A house with nothing in it but upstreams: real reactor, workers and children.
class UpstreamHouse {
 public:
  explicit UpstreamHouse(const Clock& clock = system_clock(), std::size_t workers = 2)
      : clock_(clock), bus_({}, clock), reactor_(clock, metrics_), workers_({.threads = workers}) {
    thread_ = std::jthread([this] { reactor_.run(); });
  }
  ~UpstreamHouse() {
    set_.reset();
    workers_.stop();
    reactor_.stop();
  }
  UpstreamHouse(const UpstreamHouse&) = delete;
  UpstreamHouse& operator=(const UpstreamHouse&) = delete;

  static UpstreamConfig fake(std::vector<std::string> args = {}, std::string key = "fake") {
    UpstreamConfig config;
    config.key = std::move(key);
    config.command = DEVS_FAKE_UPSTREAM;
    config.args = std::move(args);
    return config;
  }
  // Quick, for tests that wait for real.
  static UpstreamSet::Options quick(std::vector<UpstreamConfig> upstreams) {
    return {.upstreams = std::move(upstreams),
            .guard_path = DEVS_GUARD_PATH,
            .backoff_first = std::chrono::milliseconds(1),
            .backoff_last = std::chrono::milliseconds(2),
            .stop_step = std::chrono::milliseconds(100)};
  }

  void start(UpstreamSet::Options options) {
    set_ = std::make_unique<UpstreamSet>(std::move(options), bus_, tools_, reactor_, workers_, log_,
                                         metrics_);
    set_->start();
  }
  // Returns when they are settled.
  void start_quick(std::vector<UpstreamConfig> upstreams) {
    start(quick(std::move(upstreams)));
    set_->wait_settled(generous_deadline());
  }
  void stop() { set_->stop(); }

  UpstreamState state(std::size_t index = 0) const { return set_->states().at(index); }

  StartedCall begin(std::string_view tool, std::string arguments = "{}",
                    std::string traceparent = {}, bool wants_progress = false) {
    StartedCall call;
    const ToolSetPtr tools = tools_.snapshot();
    const RegisteredTool* found = tools->find(tool);
    REQUIRE_MESSAGE(found != nullptr, std::string(tool));
    ToolRun run;
    run.arguments = std::move(arguments);
    run.deadline = clock_.steady() + std::chrono::hours(1);
    run.stop = call.stop.get_token();
    run.traceparent = std::move(traceparent);
    run.wants_progress = wants_progress;
    run.progress = [watch = call.watch](std::string_view fields) { watch->progressed(fields); };
    found->tool->start(std::move(run), [watch = call.watch](ToolOutcome outcome) {
      watch->done(std::move(outcome));
    });
    return call;
  }
  ToolOutcome call(std::string_view tool, std::string arguments = "{}") {
    return begin(tool, std::move(arguments)).watch->wait();
  }

  // The first published envelope that holds `part`, waiting for it; empty: none.
  std::string event(std::string_view part) {
    const TimePoint deadline = generous_deadline();
    for (std::size_t looked = 0;;) {
      for (; looked < events_.size(); ++looked)
        if (events_[looked]->body.find(part) != std::string::npos) return events_[looked]->body;
      const Sequence after = events_.empty() ? 0 : events_.back()->sequence;
      if (!bus_.wait_unstored(after, deadline, 100, events_)) return {};
      if (std::chrono::steady_clock::now() >= deadline) return {};
    }
  }
  // Everything the reactor was told before is done when this returns.
  void settle_reactor() {
    Mutex mutex;
    CondVar changed;
    bool done = false;
    reactor_.post([&] {
      MutexLock lock(mutex);
      done = true;
      changed.notify_all();
    });
    MutexLock lock(mutex);
    while (!done) changed.wait(mutex);
  }

  const Clock& clock_;
  Metrics metrics_;
  WatchedLog log_;
  TraceStreamBus bus_;
  ToolRegistry tools_;
  Reactor reactor_;
  WorkerPool workers_;
  std::unique_ptr<UpstreamSet> set_;
  std::vector<EntryPtr> events_;
  std::jthread thread_;
};

inline std::string text_of(const ToolOutcome& outcome) {
  std::string text;
  JsonView(outcome.result)["content"].each_element(
      [&text](JsonView block) { text += block["text"].string().value_or(""); });
  return text;
}

}  // namespace devs
