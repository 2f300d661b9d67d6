#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/orchestrator_server.h"
#include "protocol/json.h"
#include "tests/support/http_wire.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"
#include "trace/mutex.h"

namespace devs {

// Keeps the lines it was told: `channel_connect channel=debates/42 clients=1`.  Thread-safe.
class WrittenLines final : public Log {
 public:
  void line(Level, std::string_view event, std::initializer_list<Field> fields) override
      DEVS_EXCLUDES(mutex_) {
    std::string text(event);
    for (const auto& [name, value] : fields) text.append(1, ' ').append(name) += '=' + value;
    MutexLock lock(mutex_);
    lines_.push_back(std::move(text));
    more_.notify_all();
  }
  // The first line of that event that holds `part`, once there is one; empty: none in time.
  std::string wait_for(std::string_view event, std::string_view part = {}) const
      DEVS_EXCLUDES(mutex_) {
    const TimePoint deadline = soon();
    MutexLock lock(mutex_);
    for (;;) {
      for (const std::string& line : lines_)
        if (line.starts_with(event) && line.find(part) != line.npos) return line;
      if (!more_.wait_until(mutex_, deadline)) return {};
    }
  }

  std::size_t count(std::string_view event) const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::size_t found = 0;
    for (const std::string& line : lines_)
      if (line.starts_with(event)) ++found;
    return found;
  }

 private:
  mutable Mutex mutex_;
  mutable CondVar more_;
  std::vector<std::string> lines_ DEVS_GUARDED_BY(mutex_);
};

// A whole server whose channels are spoken in; it may be started again over its log.
struct DebateHouse {
  TempDir dir;
  WrittenLines lines;
  OrchestratorServer::Options options;
  std::unique_ptr<OrchestratorServer> server;

  explicit DebateHouse(OrchestratorServer::Options given = {}) : options(std::move(given)) {
    options.trace_dir = dir.path();
    options.log = &lines;
    start();
  }
  void start() {
    server = nullptr;
    auto opened = OrchestratorServer::open(options);
    REQUIRE(opened.ok());
    server = std::move(*opened);
    REQUIRE(server->start().ok());
  }

  std::string head(const std::string& method, const std::string& path,
                   const std::string& fields = {}) const {
    return method + ' ' + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server->port()) +
           "\r\n" + fields;
  }
  WireAnswer get(const std::string& path, const std::string& fields = {}) {
    HttpWire wire(server->port());
    wire.send(head("GET", path, fields) + "\r\n");
    return wire.read_answer();
  }
  WireAnswer post(const std::string& path, const std::string& body,
                  const std::string& fields = {}) {
    HttpWire wire(server->port());
    wire.send(head("POST", path, fields) + "Content-Type: application/json\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
    return wire.read_answer();
  }
  // The id of what was said.
  std::string say(const std::string& debate, const std::string& event, const std::string& data) {
    const WireAnswer answer = post("/api/debates/" + debate + "/events",
                                   R"({"event":")" + event + R"(","data":)" + data + '}');
    INFO(answer.body);
    REQUIRE(answer.status == 201);
    return JsonView(answer.body)["id"].string().value_or("");
  }
  std::string utter(const std::string& debate, int number, const std::string& speaker = "pro",
                    const std::string& phase = "opening") {
    return say(debate, "utterance", utterance(number, speaker, phase));
  }
  static std::string utterance(int number, const std::string& speaker = "pro",
                               const std::string& phase = "opening") {
    return R"({"id":"u)" + std::to_string(number) + R"(","timestamp":)" +
           std::to_string(1'795'224'245'120 + number) + R"(,"phase":")" + phase +
           R"(","speaker":")" + speaker + R"(","content":"word )" + std::to_string(number) + "\"}";
  }
  std::string complete(const std::string& debate) {
    return say(debate, "complete",
               R"({"debateId":")" + debate +
                   R"(","totalDurationMs":9000,"finalPhase":"closing","timestamp":1795224245999})");
  }
};

// One open stream, read event by event.
struct DebateStream {
  HttpWire wire;
  WireAnswer head;
  SseWire events{wire};

  DebateStream(DebateHouse& house, const std::string& path, const std::string& fields = {})
      : wire(house.server->port()) {
    wire.send(house.head("GET", path, fields) + "\r\n");
    head = wire.read_head();
  }
  // `name data` of the next event; empty: the stream ended.
  std::string next() {
    const auto event = events.next();
    return event ? event->event + ' ' + event->data : std::string();
  }
  std::string client_id() {
    const auto event = events.next();
    REQUIRE(event);
    return JsonView(event->data)["clientId"].string().value_or("");
  }
};

inline constexpr const char* kStream = "/api/debates/42/stream";

inline std::string last_event_id(const std::string& id) {
  return "Last-Event-ID: " + id + "\r\n";
}
inline std::string utterance_event(int number, const std::string& speaker = "pro") {
  return "utterance " + DebateHouse::utterance(number, speaker);
}

}  // namespace devs
