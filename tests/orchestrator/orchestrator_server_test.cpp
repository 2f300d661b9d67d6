#include "orchestrator/orchestrator_server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/orchestrator/graph/graph_kit.h"
#include "tests/orchestrator/live_server.h"
#include "tests/support/patience.h"

namespace devs {
namespace {

constexpr const char* kCallEcho =
    R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}})";

TEST_CASE("OrchestratorServer: ready when it can record, and says why when it cannot") {
  LiveServer house;
  CHECK(house.get("/readyz").status == 200);
  CHECK(house.get("/readyz").body == R"({"status":"ready"})");

  std::filesystem::remove(house.dir / "trace.log");  // somebody tidied up
  const WireAnswer refused = house.post("/mcp", kCallEcho);
  CHECK(refused.status == 503);
  CHECK_FALSE(refused.header("retry-after").empty());
  const WireAnswer unready = house.get("/readyz");
  CHECK(unready.status == 503);
  CHECK(unready.body.starts_with(
      R"({"status":"not ready","reasons":[{"part":"recorder","reason":")"));
  CHECK(house.get("/healthz").status == 200);  // alive all the same
}

// What one subscriber heard of the graph, by name; and what the tests say to it.
class GraphEar {
 public:
  explicit GraphEar(OrchestratorServer& server)
      : subscription_(server.subscribe([this](const Entry& entry) {
          MutexLock lock(mutex_);
          if (entry.facts.type == "graph") heard_.push_back(entry.facts.name);
          changed_.notify_all();
        })) {}
  ~GraphEar() { off(); }
  void off() { subscription_.unsubscribe(); }
  std::size_t heard(std::string_view name) const {
    MutexLock lock(mutex_);
    return count(name);
  }
  // False: not within our patience.
  bool hears(std::string_view name, std::size_t times) const {
    MutexLock lock(mutex_);
    const TimePoint deadline = soon();
    while (count(name) < times)
      if (!changed_.wait_until(mutex_, deadline)) break;
    return count(name) == times;
  }

 private:
  std::size_t count(std::string_view name) const DEVS_REQUIRES(mutex_) {
    return static_cast<std::size_t>(std::count(heard_.begin(), heard_.end(), name));
  }

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::vector<std::string> heard_ DEVS_GUARDED_BY(mutex_);
  Subscribers::Subscription subscription_;  // last: it calls into the rest
};

void run_task(OrchestratorServer& server, const std::string& task) {
  for (const std::string& body : whole_task(task, {"echo", "sleep"}))
    REQUIRE(server.bus().publish(draft_of_published(body)).ok());
}

TEST_CASE(
    "[S4.15] [D4.7] OrchestratorServer: subscribers of the graph come and go; the others stay") {
  LiveServer house;
  GraphEar first(*house.server), second(*house.server), third(*house.server);
  run_task(*house.server, "t-1");
  for (const GraphEar* ear : {&first, &second, &third}) {
    CHECK(ear->hears("workflow_executed", 1));
    CHECK(ear->heard("edge_created") == 1);
  }

  second.off();
  second.off();
  run_task(*house.server, "t-2");
  GraphEar late(*house.server);  // hears what comes from now on
  for (const GraphEar* ear : {&first, &third}) CHECK(ear->hears("workflow_executed", 2));
  CHECK(first.heard("edge_updated") == 1);
  CHECK(second.heard("workflow_executed") == 1);
  CHECK(late.heard("edge_created") == 0);

  // Subscribers are no clients of the stream.
  CHECK(house.get("/api/graph/stats").body.starts_with(R"({"connected_clients":0,)"));
  house.server->shutdown();
  const std::size_t at_the_end = first.heard("metrics_updated");
  CHECK(at_the_end >= 1);
  CHECK_FALSE(house.server->bus().publish(draft_of_published(task_end("t-3"))).ok());
  CHECK(first.heard("metrics_updated") == at_the_end);
}

TEST_CASE("OrchestratorServer: health pages answer without a credential, the others ask for one") {
  OrchestratorServer::Options options;
  options.access = {.enabled = true, .bearer_token = "a-token-of-some-length"};
  LiveServer house(std::move(options));
  for (const char* open : {"/", "/healthz", "/readyz", "/health"})
    CHECK(house.get(open).status == 200);
  for (const char* closed : {"/metrics", "/upstreams", "/trace/stream", "/trace/log"})
    CHECK(house.get(closed).status == 401);
}

TEST_CASE("OrchestratorServer: without a credential no body is read, nor asked for") {
  OrchestratorServer::Options options;
  options.access = {.enabled = true, .bearer_token = "a-token-of-some-length"};
  LiveServer house(std::move(options));
  HttpWire wire(house.server->port());
  wire.send("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(house.server->port()) +
            "\r\nContent-Type: application/json\r\nContent-Length: 4194304"
            "\r\nExpect: 100-continue\r\n\r\n");
  const WireAnswer answer = wire.read_answer();  // not a byte of the body was sent
  CHECK(answer.status == 401);
  CHECK(answer.body == R"({"error":"UNAUTHORIZED","reason":"missing_bearer_token"})");
  CHECK(answer.header("www-authenticate") == R"(Bearer realm="mcp-orchestrator")");
}

TEST_CASE("OrchestratorServer: a log that somebody cuts short is noticed, not written over") {
  LiveServer house;
  REQUIRE(house.post("/mcp", kCallEcho).status == 200);
  std::filesystem::resize_file(house.dir / "trace.log", 0);
  // The file is looked at every 50 ms: a call in between may still be taken.
  int status = 200;
  for (int tries = 0; status == 200 && tries < 10'000; ++tries)
    status = house.post("/mcp", kCallEcho).status;
  CHECK(status == 503);
  CHECK(house.get("/readyz").body.find("cut short") != std::string::npos);
  std::ifstream log(house.dir / "trace.log", std::ios::binary);
  CHECK(log.get() != '\0');  // and no hole is made
}

TEST_CASE("OrchestratorServer: /health has the members seed clients read") {
  LiveServer house;
  const WireAnswer answer = house.get("/health");
  CHECK(answer.body.starts_with(R"({"status":"ok","serverName":"mcp-orchestrator","uptime":)"));
}

TEST_CASE("OrchestratorServer: a page of an allowed origin may send and read what MCP needs") {
  OrchestratorServer::Options options;
  options.http.origins = {"http://app.test:5173"};
  LiveServer house(std::move(options));
  HttpWire wire(house.server->port());
  const std::string from = "\r\nHost: 127.0.0.1:" + std::to_string(house.server->port()) +
                           "\r\nOrigin: http://app.test:5173";
  wire.send("OPTIONS /mcp HTTP/1.1" + from + "\r\nAccess-Control-Request-Method: POST\r\n\r\n");
  const WireAnswer preflight = wire.read_answer();
  CHECK(preflight.status == 204);
  CHECK(preflight.header("access-control-allow-headers").find("Mcp-Session-Id") !=
        std::string::npos);
  // What a page sends for its arguments is named by schemas: as it asks, and nothing else.
  HttpWire asking(house.server->port());
  asking.send(
      "OPTIONS /mcp HTTP/1.1" + from +
      "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: "
      "content-type,mcp-param-region, Mcp-Param-Level,x-other,mcp-param-,mcp-param-a b\r\n\r\n");
  const std::string allowed = asking.read_answer().header("access-control-allow-headers");
  CHECK(allowed.starts_with("mcp-param-region, Mcp-Param-Level, mcp-param-, Content-Type, "));
  HttpWire posting(house.server->port());
  posting.send("POST /mcp HTTP/1.1" + from +
               "\r\nContent-Type: application/json\r\nContent-Length: 46\r\n\r\n"
               R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
  const WireAnswer answer = posting.read_answer();
  CHECK(answer.status == 200);
  CHECK(answer.header("access-control-allow-origin") == "http://app.test:5173");
  CHECK(answer.header("access-control-expose-headers") ==
        "Mcp-Session-Id, WWW-Authenticate, Retry-After");
}

TEST_CASE("OrchestratorServer: on every route a page may read when it may come back") {
  OrchestratorServer::Options options;
  options.mcp.http_sse = true;
  const LiveServer house(std::move(options));
  CHECK(house.server->routes().size() > 40);
  for (const Route& route : house.server->routes())
    CHECK_MESSAGE(route.cors_expose.find("Retry-After") != std::string::npos, route.pattern);
}

TEST_CASE("OrchestratorServer: a host's tool is called over MCP and seen by a subscriber") {
  LiveServer house;
  REQUIRE(house.server
              ->add_tool(make_tool_spec("greet", "", R"({"type":"object"})"),
                         [](const ToolRun&) { return text_outcome("hello"); })
              .ok());
  Mutex mutex;
  CondVar changed;
  std::vector<std::string> seen;
  auto watching = house.server->subscribe([&](const Entry& entry) {
    MutexLock lock(mutex);
    seen.push_back(entry.facts.type);
    changed.notify_all();
  });
  const WireAnswer answer = house.post(
      "/mcp", R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet"}})");
  CHECK(answer.status == 200);
  CHECK(answer.body.find("hello") != std::string::npos);
  const auto deadline = soon();
  MutexLock lock(mutex);
  while (seen.size() < 2 && changed.wait_until(mutex, deadline)) {
  }
  CHECK(seen == std::vector<std::string>{"action", "observation"});
}

TEST_CASE("OrchestratorServer: an address in use and a directory in use are refused by name") {
  LiveServer house;
  OrchestratorServer::Options same_dir;
  same_dir.trace_dir = house.dir.path();
  same_dir.log = &stderr_log(Log::Level::error);
  auto refused = OrchestratorServer::open(std::move(same_dir));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().message().find(house.dir.path().string()) != std::string::npos);

  TempDir other;
  OrchestratorServer::Options same_port;
  same_port.trace_dir = other.path();
  same_port.log = &stderr_log(Log::Level::error);
  same_port.http.port = house.server->port();
  auto opened = OrchestratorServer::open(std::move(same_port));
  REQUIRE(opened.ok());
  const Status started = (*opened)->start();
  CHECK(started.message().find(std::to_string(house.server->port())) != std::string::npos);
}

TEST_CASE("OrchestratorServer: another address than loopback without authentication is refused") {
  TempDir dir;
  OrchestratorServer::Options options;
  options.trace_dir = dir.path();
  options.http.host = "0.0.0.0";
  CHECK_FALSE(OrchestratorServer::open(std::move(options)).ok());
}

TEST_CASE("OrchestratorServer: shutdown twice, and without start, is fine") {
  TempDir dir;
  OrchestratorServer::Options options;
  options.trace_dir = dir.path();
  options.log = &stderr_log(Log::Level::error);
  auto opened = OrchestratorServer::open(std::move(options));
  REQUIRE(opened.ok());
  (*opened)->shutdown();
  (*opened)->shutdown();
}

}  // namespace
}  // namespace devs
