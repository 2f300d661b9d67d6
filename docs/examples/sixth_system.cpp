// A sixth system on the one log: `GET /deployments/{id}/stream` shows the calls of a task
// as a deployment desk wants to see them, one named event each, and ends with the task.
//
// Built with the project; listened to by the test `e2e_own_streams`.
#include <cstdio>
#include <memory>

#include "orchestrator/orchestrator_server.h"
#include "orchestrator/streams/projection.h"
#include "protocol/json.h"
#include "protocol/sse_frame.h"

namespace {

// How this kind of stream shows an entry.  The same entry gives the same bytes, live and
// years later, so it looks at nothing but the entry.
class DeploymentProjection final : public devs::Projection {
 public:
  std::string_view name() const override { return "deployment"; }

  void append(const devs::EntryView& entry, std::string_view id, std::string& out) const override {
    if (entry.facts.type == "observation") {
      const devs::JsonView envelope(entry.body);
      const std::string data = R"({"step":)" + devs::json_string(entry.facts.tool) + R"(,"ok":)" +
                               (envelope["exit_code"].integer() == 0 ? "true" : "false") + '}';
      devs::append_sse_frame(out, {.id = id, .event = "step", .data = data});
    } else if (entry.facts.name == "TASK_COMPLETED" || entry.facts.name == "TASK_FAILED") {
      devs::append_sse_frame(out, {.id = id, .event = "done", .data = "{}"});
    }  // else: left out
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace devs;

  OrchestratorServer::Options options;
  options.http.port = 0;  // any free one
  options.trace_dir = argc > 1 ? argv[1] : ".devs";
  options.projections.push_back(std::make_shared<const DeploymentProjection>());
  options.profiles.push_back({.key = "deployments",
                              .path = "/deployments/{id}/stream",
                              .projection = "deployment",
                              .first = "event: connected\ndata: {\"deployment\":\"{id}\"}\n\n",
                              .heartbeat = ": heartbeat\n\n",
                              .topic = "task:{id}",
                              .ends = {"TASK_COMPLETED", "TASK_FAILED"}});
  auto server = OrchestratorServer::open(std::move(options));
  if (!server.ok() || !(*server)->start().ok()) return 2;
  std::printf("listening on http://127.0.0.1:%d\n", int{(*server)->port()});
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  (*server)->shutdown();
  return 0;
}
