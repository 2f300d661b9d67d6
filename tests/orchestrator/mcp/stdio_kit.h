#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {

// The endpoint of McpFixture over a pair of pipes (or sockets), and the client at their other
// ends.
class StdioKit {
 public:
  explicit StdioKit(McpSetup options = {}, bool sockets = false)
      : workers_({.name = "stdio", .threads = 2, .queue_capacity = 8}),
        fixture(std::move(options)) {
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> in{}, out{};
    REQUIRE(make_pair(in, sockets));
    REQUIRE(make_pair(out, sockets));
    to_ = in[1];
    from_ = out[0];
    fixture.endpoint->serve_stdio(
        BytePipe(in[0], BytePipe::Way::in), BytePipe(out[1], BytePipe::Way::out),
        [this](std::string_view why) {
          ended_because = why;
          has_ended = true;
          ended.open();
        },
        workers_);
    close(in[0]);
    close(out[1]);
  }
  ~StdioKit() {
    close_input();
    close_output();
    workers_.stop();  // as the server does: who posts is gone before the reactor
  }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t put = write(to_, text.data(), text.size());
      REQUIRE(put > 0);
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void say(std::string_view message) { send(std::string(message) + "\n"); }
  // The next message; nullopt at the end of the stream, or when none came.
  std::optional<std::string> next(std::chrono::milliseconds at_most = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    for (;;) {
      if (const std::size_t end = read_.find('\n'); end != std::string::npos) {
        std::string line = read_.substr(0, end);
        read_.erase(0, end + 1);
        return line;
      }
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{from_, POLLIN, 0};
      if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) <= 0) return {};
      std::array<char, 65536> buffer;
      const ssize_t got = read(from_, buffer.data(), buffer.size());
      if (got <= 0) return {};
      read_.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  std::string ask(std::string_view message) {
    say(message);
    return next().value_or("(nothing)");
  }
  // The answer to a ping: what came before it has been dealt with.
  std::string ping() { return ask(rpc("\"ping\"", "ping")); }
  void initialize(std::string_view revision = "2025-11-25", std::string_view capabilities = "{}") {
    const std::string answer = ask(rpc("0", "initialize",
                                       "{\"protocolVersion\":\"" + std::string(revision) +
                                           "\",\"capabilities\":" + std::string(capabilities) +
                                           R"(,"clientInfo":{"name":"tester","version":"1"}})"));
    REQUIRE_MESSAGE(JsonView(answer)["result"].is_object(), answer);
  }
  void close_input() {
    if (to_ >= 0) close(std::exchange(to_, -1));
  }
  void close_output() {
    if (from_ >= 0) close(std::exchange(from_, -1));
  }

  Gate ended;
  std::string ended_because;  // once it has
  std::atomic<bool> has_ended{false};

 private:
  WorkerPool workers_;

 public:
  McpFixture fixture;

 private:
  static bool make_pair(std::array<int, 2>& ends, bool sockets) {
    return (sockets ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data())
                    : pipe2(ends.data(), O_CLOEXEC)) == 0;
  }
  int to_ = -1, from_ = -1;
  std::string read_;
};

}  // namespace devs
