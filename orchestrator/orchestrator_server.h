#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/access/access.h"
#include "orchestrator/agents/agent_keeper.h"
#include "orchestrator/calls/call_desk.h"
#include "orchestrator/channels/channels.h"
#include "orchestrator/graph/graph_keeper.h"
#include "orchestrator/mcp/mcp_endpoint.h"
#include "orchestrator/net/http_front.h"
#include "orchestrator/streams/stream_hub.h"
#include "orchestrator/streams/subscribers.h"
#include "orchestrator/upstream/upstream_set.h"
#include "trace/flight_recorder.h"
#include "trace/log.h"
#include "trace/metrics.h"
#include "trace/pins.h"
#include "trace/segment_keeper.h"
#include "trace/trace_stream_bus.h"

namespace devs {

inline constexpr std::string_view kVersion = "0.1.0";

// The whole house in one object: what an agent runtime host embeds, and what the
// binary runs.  Owns every part, wires them once, and knows the one order in
// which they stop.
//
//   auto server = OrchestratorServer::open({.trace_dir = ".devs"});
//   (*server)->add_tool(make_tool_spec("greet", "Says hello.", schema), greet);
//   if (Status up = (*server)->start(); !up.ok()) ...
//
// Threads: reactor 1, recorder 1, keeper 1, indexer 1, query 1, house 2, `http_threads`,
// `tool_threads`. add_tool(), bus() and subscribe() are thread-safe; the rest belongs to the owner.
class OrchestratorServer {
 public:
  struct Options {
    HttpFront::Options http;  // port 0: any free one; the command line's default is 3100
    Access::Options access;
    StreamHub::Options streams;
    std::vector<StreamProfile> profiles;  // more kinds of stream, and how they show entries
    std::vector<std::shared_ptr<const Projection>> projections;
    McpEndpoint::Options mcp;
    CallDesk::Options calls;
    UpstreamSet::Options upstreams;
    GraphKeeper::Options graph;  // `dir` is trace_dir
    Channels::Options channels;
    AgentKeeper::Options agents;
    std::filesystem::path trace_dir = ".devs";
    std::uint64_t segment_bytes = 64u << 20u;  // the active file becomes a segment beyond
    std::chrono::seconds segment_age{3600};    // or when it is this old
    FlightRecorder::Options recorder;          // durability, what a refusing disk means
    SegmentKeeper::Options keeper;             // retention, compression
    Trigger trigger;                           // what retention must not touch
    std::size_t ring_entries = 65'536;
    std::size_t ring_bytes = 64u << 20u;
    std::size_t http_threads = 2;
    std::size_t tool_threads = 2;                  // twelve threads in all
    std::filesystem::path explorer_dir;            // development: the page from here
    bool all_builtin_tools = false;                // `sleep` and `fail` too
    std::chrono::milliseconds drain_for{10'000};   // calls may finish, then are cancelled
    std::chrono::milliseconds goodbye_for{1'000};  // streams are ended over this time
    Log* log = nullptr;                            // null: stderr
    const Clock* clock = nullptr;                  // null: the machine's
  };

  // Opens the trace directory (repairing a torn tail, answering abandoned calls)
  // and builds every part.  Fails naming what was refused; nothing listens yet.
  static Result<std::unique_ptr<OrchestratorServer>> open(Options options);
  ~OrchestratorServer();  // shuts down
  OrchestratorServer(const OrchestratorServer&) = delete;
  OrchestratorServer& operator=(const OrchestratorServer&) = delete;

  // A tool of the host, run on a tool worker; callable over MCP as `spec.name`.
  Status add_tool(ToolSpec spec, ToolFunction function);

  // The tools of one named set, instead of those it held before: for tools that come and
  // go.  Clients are told.  Names that somebody else holds are left out and returned.
  std::vector<std::string> set_tools(std::string_view set,
                                     std::vector<std::pair<ToolSpec, ToolFunction>> tools);

  // Prompts, resources and templates of resources (RFC 6570 level 1).  Their functions
  // run on a tool worker, answer with the text of a GetPromptResult or ReadResourceResult
  // as ToolOutcome::result, and may ask the client as a tool may.  `json` is the object
  // lists show: prompt_json(), resource_json(), resource_template_json().  A resource's
  // function finds `uri` and the template's `variables` in its arguments.  `complete`
  // proposes values of an argument or variable; it must be quick.
  Status add_prompt(std::string name, std::string json, ToolFunction function,
                    CompletionFunction complete = {});
  Status add_resource(std::string uri, std::string json, ToolFunction function);
  Status add_resource_template(std::string uri_template, std::string json, ToolFunction function,
                               CompletionFunction complete = {});
  bool remove_prompt(std::string_view name);
  bool remove_resource(std::string_view uri);
  // Tells the clients that subscribed to it.
  void resource_updated(std::string_view uri);

  // Binds, listens, starts the upstreams.  Fails naming address and reason.
  Status start();
  std::uint16_t port() const;  // after start()
  // What is served; immutable.
  const std::vector<Route>& routes() const;

  // Publish with bus().publish(draft_of_published(json)); follow with subscribe().
  TraceStreamBus& bus();
  // `handler` sees every entry from now on, in order, on a worker, one at a time.
  Subscribers::Subscription subscribe(std::function<void(const Entry&)> handler);
  // Speak in debates and other channels, and see who listens.
  Channels& channels();
  Metrics& metrics();
  std::vector<UpstreamState> upstreams() const;
  // Blocks until every upstream listed its tools or failed once.
  void wait_upstreams(std::chrono::milliseconds at_most);

  // MCP over stdio, beside HTTP, for one client; after start(), once.  `on_end` is told on the
  // reactor why that client says no more: then it is time to shutdown().
  void serve_stdio(BytePipe in, BytePipe out, std::function<void(std::string_view why)> on_end);

  // Intake closes, calls finish or are cancelled at the drain deadline, readers
  // are told goodbye, the last envelope is on disk.  Idempotent.
  void shutdown();
  // The same with less time for calls, and no more for readers.
  void shutdown(std::chrono::milliseconds drain_for);

 private:
  class Parts;
  explicit OrchestratorServer(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace devs
