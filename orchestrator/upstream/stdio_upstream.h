#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/upstream/backoff.h"
#include "orchestrator/upstream/correlation.h"
#include "orchestrator/upstream/stdio_link.h"
#include "orchestrator/upstream/tool_catalogue.h"
#include "orchestrator/upstream/upstream_calls.h"
#include "orchestrator/upstream/upstream_set.h"
#include "trace/mutex.h"

namespace devs {

// One child MCP server over all its lives: spawned, shaken hands with, its tools
// registered, its calls carried, restarted when it ends, ended when we do.
//
// A life goes: starting -> up -> down -> (backoff) -> starting.  The next one
// begins when nobody of the last is left.
//
// Confined to the reactor, but call(), refuse_calls() and state().  Made by
// make_shared; stop() before the last pointer goes.
class StdioUpstream final : public std::enable_shared_from_this<StdioUpstream>,
                            private StdioLink::Owner,
                            private ToolCatalogue::Owner {
 public:
  struct House {
    TraceStreamBus& bus;
    ToolRegistry& tools;
    Reactor& reactor;
    WorkerPool& workers;
    Log& log;
    Metrics& metrics;
  };
  struct Options {
    UpstreamConfig config;
    std::string guard_path;
    std::vector<std::string> environment;  // before config.env
    std::chrono::milliseconds backoff_first{500};
    std::chrono::milliseconds backoff_last{30'000};
    std::chrono::milliseconds healthy_after{60'000};
    std::chrono::milliseconds stop_step{2'000};
    // On the reactor, once: its tools are listed, or it failed once.
    std::function<void()> on_settled;
  };

  StdioUpstream(Options options, House house);
  ~StdioUpstream() override;

  void start();
  // `on_stopped` when nobody is left and no worker is at it.  Once.
  void stop(std::function<void()> on_stopped);

  // --- any thread ---
  void call(const std::string& tool, bool as_task, ToolRun run, ToolDone done);
  void refuse_calls() { refusing_ = true; }  // new ones answer at once
  UpstreamState state() const DEVS_EXCLUDES(mutex_);

 private:
  enum class Phase { idle, starting, up, down, stopped };

  // its life
  void spawn();
  void spawned(Result<ChildEnds> child);
  void begin_handshake();
  void on_initialized(UpstreamReply reply);
  void come_up(const ToolListChange& change);
  void go_down(const std::string& reason);  // and ends the child if there is one
  void end_child();
  void next_step_of_ladder();
  void schedule_restart();
  void finish_stop();
  void settle();
  void set_phase(Phase phase) DEVS_EXCLUDES(mutex_);

  // StdioLink::Owner
  void on_started(pid_t server) override;
  void on_message(InboundMessage message) override;
  void on_exit(std::string how) override;
  void on_reaped() override;

  // ToolCatalogue::Owner
  std::shared_ptr<void> keep_alive() override { return shared_from_this(); }
  std::uint64_t ask_tools(std::string_view params, Correlation::OnReply on_reply) override;
  void forget(std::uint64_t id) override { correlation_.forget(id); }
  ToolPtr make_tool(ToolSpec spec) override;
  void on_listed(Status status, ToolListChange change) override;
  void on_idle() override { finish_stop(); }

  // what it says
  void on_bad(const InboundMessage& message);
  void on_request(const InboundMessage& message);
  void on_notification(const InboundMessage& message);
  void on_quiet();
  void heard();

  bool send(std::string_view line) { return link_ && link_->send(line); }
  std::uint64_t ask(std::string_view method, std::string_view params,
                    Correlation::OnReply on_reply);
  void publish(Draft draft);
  Counter& counter(std::string_view name);
  std::string labels() const;

  const Options options_;
  House house_;
  Counter& restarts_;
  Counter& junk_lines_;
  Counter& stray_replies_;
  Counter& dropped_notifications_;

  Correlation correlation_;
  const std::shared_ptr<UpstreamCalls> calls_;
  ToolCatalogue catalogue_;
  Backoff backoff_;
  std::shared_ptr<StdioLink> link_;
  std::atomic<bool> refusing_{false};

  Phase phase_ = Phase::idle;
  bool spawning_ = false;  // on a worker
  bool stopping_ = false;
  bool told_down_ = false;  // the trace says DOWN
  bool was_up_ = false;     // ever
  bool settled_ = false;
  std::function<void()> on_stopped_;
  TimePoint up_since_{};
  int ladder_step_ = 0;
  unsigned bad_in_a_row_ = 0;
  TimePoint junk_told_{};
  bool pinged_ = false;

  Timer start_deadline_;
  Timer restart_;
  Timer ladder_;
  Timer quiet_;

  mutable Mutex mutex_;
  UpstreamState seen_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
