// An agent runtime host that embeds the orchestrator: it registers a tool of its
// own, watches every envelope, publishes a thought, and stops cleanly.
//
// Built and run by the test `example.agent_host`.
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "orchestrator/orchestrator_server.h"
#include "protocol/json.h"

int main(int argc, char** argv) {
  using namespace devs;

  OrchestratorServer::Options options;
  options.http.port = 0;  // any free one
  options.trace_dir = argc > 1 ? argv[1] : ".devs";
  auto opened = OrchestratorServer::open(std::move(options));
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().message().c_str());
    return 2;
  }
  OrchestratorServer& server = **opened;

  // A tool is a name, a JSON schema and a function.  Arguments are checked against
  // the schema before the function is asked; what it throws becomes a tool error.
  Status added = server.add_tool(
      make_tool_spec(
          "greet", "Says hello to somebody.",
          R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})"),
      [](const ToolRun& run) {
        const JsonView arguments(run.arguments);
        return text_outcome("Hello, " + arguments["name"].string().value_or("") + "!");
      });
  if (!added.ok()) return 1;

  // Every entry from now on, in order, on a worker thread.
  std::mutex mutex;
  std::condition_variable changed;
  int seen = 0;
  Subscribers::Subscription watching = server.subscribe([&](const Entry& entry) {
    std::printf("%llu %s\n", static_cast<unsigned long long>(entry.sequence),
                entry.facts.type.c_str());
    const std::lock_guard<std::mutex> lock(mutex);
    ++seen;
    changed.notify_all();
  });

  if (Status up = server.start(); !up.ok()) {
    std::fprintf(stderr, "%s\n", up.message().c_str());
    return 2;
  }
  std::printf("MCP clients may connect to http://127.0.0.1:%d/mcp\n", int{server.port()});

  // What the host itself thinks goes into the same log.
  auto published = server.bus().publish(draft_of_published(
      R"({"type":"thought","turn_index":0,"timestamp_ns":"0","payload":{"analysis":{"reasoning_chain":"say hello first"}}})"));
  if (!published.ok()) return 1;

  std::unique_lock<std::mutex> lock(mutex);
  const bool told = changed.wait_for(lock, std::chrono::seconds(10), [&] { return seen > 0; });
  lock.unlock();

  server.shutdown();  // calls finish, readers are told goodbye, the last envelope is on disk
  return told ? 0 : 1;
}
