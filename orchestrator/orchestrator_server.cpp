#include "orchestrator/orchestrator_server.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "orchestrator/calls/call_recovery.h"
#include "orchestrator/server_parts.h"
#include "trace/flight_log.h"

namespace devs {

namespace {

// Reads the end of the log, from the first call on that may lack its own.
CallRecovery recover_calls(const FlightLog& flight_log) {
  const LogCarry carry = flight_log.found().carry;
  CallRecovery recovery(carry.last_stamp_ns);
  for (Sequence at = carry.open_from; at <= flight_log.last();)
    at = flight_log
             .read(at, {},
                   [&recovery](const StoredLine& line) { recovery.see(line.body, line.topics); })
             .next;
  return recovery;
}

std::int64_t wall_ms(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch())
      .count();
}

}  // namespace

Result<std::unique_ptr<OrchestratorServer>> OrchestratorServer::open(Options options) {
  Log& log = options.log ? *options.log : stderr_log();
  const Clock& clock = options.clock ? *options.clock : system_clock();
  if (Status may = check_bind(options.http.host, options.access); !may.ok()) return may;
  if (const std::string weak = weakness_of(options.access); !weak.empty())
    log.warn("weak_token", {{"reason", weak}});
  if (!options.access.enabled && !options.access.tokens.empty())
    log.warn("tokens_unused",
             {{"reason", "auth.tokens say who is who only with AUTH_ENABLED=true"}});
  options.graph.dir = options.trace_dir;
  options.channels.index.dir = options.trace_dir;
  if (options.mcp.version.empty()) options.mcp.version = kVersion;
  options.http.auth_on = options.access.enabled;

  auto flight_log = FlightLog::open({.dir = options.trace_dir,
                                     .segment_bytes = options.segment_bytes,
                                     .segment_age = options.segment_age,
                                     .clock = &clock},
                                    log);
  if (!flight_log.ok()) return flight_log.status();
  auto pins =
      Pins::open((*flight_log)->files(), (*flight_log)->directory() / "pins.json", options.trigger);
  if (!pins.ok()) return pins.status();
  if (!options.mcp.seal) {
    auto seal = Seal::open((*flight_log)->directory() / "seal.key");
    if (!seal.ok()) return seal.status();
    options.mcp.seal = std::make_shared<const Seal>(std::move(*seal));
  }
  if (!options.mcp.tasks) {
    auto tasks = TaskStore::open((*flight_log)->directory(), wall_ms(clock));
    if (!tasks.ok()) return tasks.status();
    options.mcp.tasks = std::move(*tasks);
  }
  auto tokens = StreamTokens::open(options.access.stream_tokens, (*flight_log)->directory(), clock);
  if (!tokens.ok()) return tokens.status();
  const auto agents_file = (*flight_log)->directory() / "agent_tasks.db";
  auto agents = AgentTaskStore::open(agents_file, (*flight_log)->epoch(), (*flight_log)->last());
  if (!agents.ok())
    return Status(agents.status().code(),
                  agents_file.string() + ": " + agents.status().message() +
                      (agents.status().code() == Code::data_loss
                           ? "; remove it to begin with no tasks (those in it are lost)"
                           : ""));
  const CallRecovery recovery = recover_calls(**flight_log);

  auto parts =
      std::make_unique<Parts>(std::move(options), std::move(*flight_log), std::move(*pins),
                              std::move(*tokens), std::move(*agents), recovery, clock, log);
  if (Status built = parts->assemble(recovery); !built.ok()) return built;
  return std::unique_ptr<OrchestratorServer>(new OrchestratorServer(std::move(parts)));
}

OrchestratorServer::OrchestratorServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
}
OrchestratorServer::~OrchestratorServer() {
  shutdown();
}

Status OrchestratorServer::add_tool(ToolSpec spec, ToolFunction function) {
  return parts_->tools.add(
      make_function_tool(std::move(spec), std::move(function), parts_->tool_workers));
}

std::vector<std::string> OrchestratorServer::set_tools(
    std::string_view set, std::vector<std::pair<ToolSpec, ToolFunction>> tools) {
  std::vector<ToolPtr> made;
  for (auto& [spec, function] : tools) {
    spec.server = set;
    made.push_back(make_function_tool(std::move(spec), std::move(function), parts_->tool_workers));
  }
  return parts_->tools.replace(set, std::move(made));
}

namespace {

Offer make_offer(std::string key, std::string json, ToolFunction function,
                 CompletionFunction complete, WorkerPool& workers) {
  ToolSpec spec;
  spec.name = key;
  return {std::move(key), std::move(json),
          make_function_tool(std::move(spec), std::move(function), workers), std::move(complete)};
}

}  // namespace

Status OrchestratorServer::add_prompt(std::string name, std::string json, ToolFunction function,
                                      CompletionFunction complete) {
  return parts_->mcp.prompts().add(make_offer(std::move(name), std::move(json), std::move(function),
                                              std::move(complete), parts_->tool_workers));
}
Status OrchestratorServer::add_resource(std::string uri, std::string json, ToolFunction function) {
  return parts_->mcp.resources().add(
      make_offer(std::move(uri), std::move(json), std::move(function), {}, parts_->tool_workers));
}
Status OrchestratorServer::add_resource_template(std::string uri_template, std::string json,
                                                 ToolFunction function,
                                                 CompletionFunction complete) {
  return parts_->mcp.templates().add(make_offer(std::move(uri_template), std::move(json),
                                                std::move(function), std::move(complete),
                                                parts_->tool_workers));
}
bool OrchestratorServer::remove_prompt(std::string_view name) {
  return parts_->mcp.prompts().remove(name);
}
bool OrchestratorServer::remove_resource(std::string_view uri) {
  return parts_->mcp.resources().remove(uri);
}
void OrchestratorServer::resource_updated(std::string_view uri) {
  parts_->mcp.resource_updated(uri);
}

Status OrchestratorServer::start() {
  if (Status listening = parts_->front->listen(); !listening.ok()) return listening;
  parts_->turning = std::jthread([this] { parts_->reactor.run(); });
  parts_->upstreams.start();
  return {};
}

std::uint16_t OrchestratorServer::port() const {
  return parts_->front->port();
}
const std::vector<Route>& OrchestratorServer::routes() const {
  return parts_->front->routes();
}
TraceStreamBus& OrchestratorServer::bus() {
  return parts_->bus;
}
Channels& OrchestratorServer::channels() {
  return parts_->channels;
}
Metrics& OrchestratorServer::metrics() {
  return parts_->metrics;
}
Subscribers::Subscription OrchestratorServer::subscribe(std::function<void(const Entry&)> handler) {
  return parts_->subscribers.subscribe(std::move(handler));
}
std::vector<UpstreamState> OrchestratorServer::upstreams() const {
  return parts_->upstreams.states();
}
void OrchestratorServer::wait_upstreams(std::chrono::milliseconds at_most) {
  parts_->upstreams.wait_settled(parts_->clock.steady() + at_most);
}
void OrchestratorServer::serve_stdio(BytePipe in, BytePipe out,
                                     std::function<void(std::string_view why)> on_end) {
  parts_->mcp.serve_stdio(std::move(in), std::move(out), std::move(on_end), parts_->http_workers);
}
void OrchestratorServer::shutdown() {
  const Options& options = parts_->options;
  parts_->shutdown({options.drain_for, options.goodbye_for, std::chrono::seconds(2)});
}
void OrchestratorServer::shutdown(std::chrono::milliseconds drain_for) {
  const auto goodbye = std::min(drain_for, parts_->options.goodbye_for);
  parts_->shutdown({drain_for, goodbye, std::chrono::milliseconds(100)});
}

}  // namespace devs
