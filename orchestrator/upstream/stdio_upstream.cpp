#include "orchestrator/upstream/stdio_upstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "orchestrator/upstream/handshake.h"
#include "orchestrator/upstream/upstream_events.h"
#include "orchestrator/upstream/upstream_tool.h"
#include "protocol/json_rpc.h"
#include "trace/random.h"

namespace devs {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxReason = 500;  // bytes, in events and answers
// A guard that was told to kill needs a moment; one that is killed itself can no
// longer find daemons, so it is the very last resort.
constexpr milliseconds kGuardGrace{1000};

unsigned random_byte() {
  std::array<std::uint8_t, 1> byte{};
  random_bytes(byte);
  return byte[0];
}

ChildSpec child_spec(const StdioUpstream::Options& options) {
  const UpstreamConfig& config = options.config;
  ChildSpec spec{options.guard_path, config.command, config.args, {}, config.cwd};
  for (const std::string& variable : options.environment)
    if (!config.env.contains(variable.substr(0, variable.find('='))))
      spec.environment.push_back(variable);
  for (const auto& [name, value] : config.env) spec.environment.push_back(name + "=" + value);
  return spec;
}

}  // namespace

StdioUpstream::StdioUpstream(Options options, House house)
    : options_(std::move(options)),
      house_(house),
      restarts_(counter("upstream_restarts_total")),
      junk_lines_(counter("upstream_junk_lines_total")),
      stray_replies_(counter("upstream_stray_replies_total")),
      dropped_notifications_(counter("upstream_dropped_notifications_total")),
      calls_(std::make_shared<UpstreamCalls>(
          UpstreamCalls::Options{.server = options_.config.key,
                                 .timeout = options_.config.timeout,
                                 .max_in_flight = options_.config.max_in_flight},
          correlation_, house.reactor, [this](std::string_view line) { return send(line); })),
      catalogue_(options_.config.key, house.tools, house.reactor, house.workers, house.log, *this),
      backoff_(options_.backoff_first, options_.backoff_last),
      start_deadline_([this] {
        go_down(fmt::format("it was not ready within {} ms of its start",
                            options_.config.start_timeout.count()));
      }),
      restart_([this] {
        restarts_.add();
        spawn();
      }),
      ladder_([this] { next_step_of_ladder(); }),
      quiet_([this] { on_quiet(); }) {
  seen_.key = options_.config.key;
  seen_.state = "starting";
}

StdioUpstream::~StdioUpstream() = default;

// --- its life ---

void StdioUpstream::start() {
  if (phase_ == Phase::idle && !stopping_) spawn();
}

void StdioUpstream::spawn() {
  set_phase(Phase::starting);
  spawning_ = true;
  bad_in_a_row_ = 0;
  const Status taken = house_.workers.try_submit([self = shared_from_this()]() mutable {
    Result<ChildEnds> child = spawn_child(child_spec(self->options_));
    Reactor& reactor = self->house_.reactor;
    reactor.post([self = std::move(self), child = std::move(child)]() mutable {
      self->spawned(std::move(child));
    });
  });
  if (!taken.ok()) spawned(taken);
}

void StdioUpstream::spawned(Result<ChildEnds> child) {
  spawning_ = false;
  if (!child.ok()) {
    if (stopping_) {
      finish_stop();
      return;
    }
    go_down("it cannot be started: " + child.status().message());
    schedule_restart();
    return;
  }
  link_ = std::make_shared<StdioLink>(options_.config.key, std::move(child).value(), house_.reactor,
                                      house_.workers, house_.log, house_.metrics,
                                      static_cast<StdioLink::Owner&>(*this));
  link_->begin();
  if (stopping_) {
    end_child();
  } else {
    begin_handshake();
  }
}

void StdioUpstream::begin_handshake() {
  house_.reactor.timers().set(start_deadline_,
                              house_.reactor.now() + options_.config.start_timeout);
  ask("initialize", encode_initialize_params(),
      [this](UpstreamReply reply) { on_initialized(std::move(reply)); });
}

void StdioUpstream::on_initialized(UpstreamReply reply) {
  if (!reply.unavailable.empty()) return;  // it has gone, and that is told already
  if (reply.fault) {
    go_down(fmt::format("it refused initialize with error {}: {}", reply.fault->code,
                        reply.fault->message));
    return;
  }
  const Result<Handshake> shaken = decode_initialize_result(JsonView(reply.result));
  if (!shaken.ok()) {
    go_down(shaken.status().message());
    return;
  }
  {
    MutexLock lock(mutex_);
    seen_.revision = name_of(shaken->revision);
  }
  send(encode_rpc_notification("notifications/initialized", {}));
  catalogue_.refresh(shaken->has_tools, shaken->has_tasks);
}

void StdioUpstream::on_listed(Status status, ToolListChange change) {
  {
    MutexLock lock(mutex_);
    seen_.tools = catalogue_.tools();
  }
  if (phase_ == Phase::starting) {
    if (status.ok()) {
      come_up(change);
    } else {
      go_down("its tools cannot be listed: " + status.message());
    }
    return;
  }
  if (phase_ != Phase::up) return;
  if (!status.ok()) {
    house_.log.warn("upstream_tools_stale",
                    {{"server", options_.config.key}, {"reason", status.message()}});
  } else if (change.any) {
    publish(tools_changed(options_.config.key, change.added, change.removed));
  }
}

void StdioUpstream::come_up(const ToolListChange& change) {
  start_deadline_.cancel();
  up_since_ = house_.reactor.now();
  set_phase(Phase::up);
  calls_->open();
  heard();
  house_.log.info("upstream_up",
                  {{"server", options_.config.key}, {"tools", std::to_string(catalogue_.tools())}});
  if (told_down_) publish(upstream_up(options_.config.key));
  if (change.any && (was_up_ || told_down_))
    publish(tools_changed(options_.config.key, change.added, change.removed));
  told_down_ = false;
  was_up_ = true;
  settle();
}

void StdioUpstream::go_down(const std::string& reason) {
  if (phase_ == Phase::down || phase_ == Phase::stopped) return;
  if (phase_ == Phase::up && house_.reactor.now() - up_since_ >= options_.healthy_after)
    backoff_.reset();
  {
    MutexLock lock(mutex_);
    seen_.last_error = utf8_prefix(reason, kMaxReason);
    if (link_ && !link_->last_words().empty())
      seen_.last_error.append("; stderr: ").append(utf8_prefix(link_->last_words(), kMaxReason));
  }
  set_phase(Phase::down);
  start_deadline_.cancel();
  quiet_.cancel();
  catalogue_.reset();
  const std::string told(utf8_prefix(reason, kMaxReason));
  calls_->close(told);
  correlation_.end_all(told);
  if (!stopping_) {
    house_.log.warn("upstream_down", {{"server", options_.config.key}, {"reason", told}});
    if (!told_down_) publish(upstream_down(options_.config.key, told));
    told_down_ = true;
  }
  if (link_) end_child();
  settle();
}

void StdioUpstream::end_child() {
  if (ladder_step_ > 0) return;
  link_->mute();
  next_step_of_ladder();
}

void StdioUpstream::next_step_of_ladder() {
  if (!link_) return;
  milliseconds until_next = options_.stop_step;
  switch (++ladder_step_) {
    case 1:
      link_->close_input();
      break;
    case 2:
      link_->terminate();
      break;
    case 3:
      link_->kill();
      until_next = 2 * options_.stop_step + kGuardGrace;
      break;
    default:
      link_->kill_guard();
      break;
  }
  house_.reactor.timers().set(ladder_, house_.reactor.now() + until_next);
}

void StdioUpstream::on_started(pid_t server) {
  MutexLock lock(mutex_);
  seen_.pid = server;
}

void StdioUpstream::on_exit(std::string how) {
  go_down("it " + how);
}

void StdioUpstream::on_reaped() {
  ladder_.cancel();
  ladder_step_ = 0;
  link_.reset();
  {
    MutexLock lock(mutex_);
    seen_.pid = 0;
  }
  if (stopping_) {
    finish_stop();
  } else {
    schedule_restart();
  }
}

void StdioUpstream::schedule_restart() {
  if (stopping_) return;
  house_.reactor.timers().set(restart_, house_.reactor.now() + backoff_.next(random_byte()));
}

void StdioUpstream::stop(std::function<void()> on_stopped) {
  on_stopped_ = std::move(on_stopped);
  stopping_ = true;
  refusing_ = true;
  restart_.cancel();
  go_down("the orchestrator is stopping");
  catalogue_.reset();
  if (link_) end_child();
  finish_stop();
}

void StdioUpstream::finish_stop() {
  if (!stopping_ || link_ || spawning_ || catalogue_.at_work() || !on_stopped_) return;
  set_phase(Phase::stopped);
  std::exchange(on_stopped_, nullptr)();
}

void StdioUpstream::settle() {
  if (std::exchange(settled_, true)) return;
  if (options_.on_settled) options_.on_settled();
}

void StdioUpstream::set_phase(Phase phase) {
  constexpr std::array<std::string_view, 5> kNames{"starting", "starting", "up", "down", "stopped"};
  phase_ = phase;
  MutexLock lock(mutex_);
  seen_.state = kNames[static_cast<std::size_t>(phase)];
}

// --- any thread ---

void StdioUpstream::call(const std::string& tool, bool as_task, ToolRun run, ToolDone done) {
  if (refusing_) {
    done(text_outcome(fmt::format("Upstream `{}` is not available: the orchestrator is stopping.",
                                  options_.config.key),
                      CallStatus::upstream_unavailable));
    return;
  }
  house_.reactor.post([calls = calls_, self = shared_from_this(), tool, as_task,
                       run = std::move(run), done = std::move(done)]() mutable {
    calls->begin(std::move(tool), as_task, std::move(run), std::move(done));
  });
}

UpstreamState StdioUpstream::state() const {
  MutexLock lock(mutex_);
  UpstreamState state = seen_;
  state.in_flight = calls_->in_flight();
  state.restarts = restarts_.value();
  return state;
}

ToolPtr StdioUpstream::make_tool(ToolSpec spec) {
  return std::make_shared<UpstreamTool>(std::move(spec), shared_from_this());
}

std::string StdioUpstream::labels() const {
  return fmt::format("server=\"{}\"", options_.config.key);
}

Counter& StdioUpstream::counter(std::string_view name) {
  return house_.metrics.counter(name, labels());
}

void StdioUpstream::publish(Draft draft) {
  const Result<Sequence> published = house_.bus.publish(std::move(draft));
  if (!published.ok())
    house_.log.warn("upstream_event_lost",
                    {{"server", options_.config.key}, {"reason", published.status().message()}});
}

std::uint64_t StdioUpstream::ask(std::string_view method, std::string_view params,
                                 Correlation::OnReply on_reply) {
  const std::uint64_t id = correlation_.next_id();
  correlation_.expect(id, std::move(on_reply));
  // Refused by a child that reads nothing: its deadline tells.
  send(encode_rpc_request(std::to_string(id), method, params));
  return id;
}

std::uint64_t StdioUpstream::ask_tools(std::string_view params, Correlation::OnReply on_reply) {
  return ask("tools/list", params, std::move(on_reply));
}

}  // namespace devs
