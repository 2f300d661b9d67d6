#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/result.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/http_answer.h"
#include "tools/bench/nanoseconds.h"

namespace devs {

// One MCP client that calls a text tool again and again over one kept connection: a
// session (2025-11-25) or none (2026-07-28), then call after call, each answer checked for
// its own id and text.  It
// understands answers as JSON and as event streams, and connects anew, with the same
// session, when the server says it closes.
//
// Confined to its thread.
class McpCaller {
 public:
  struct Tool {
    std::string name, argument;
    bool modern = false;    // called by the rules of 2026-07-28
    std::string arguments;  // in place of its argument: then no words are looked for
    bool streamed = false;  // each answer must be an event stream
  };

  // Connects and initialises, waiting for the answers.
  static Result<std::unique_ptr<McpCaller>> open(const Endpoint& endpoint, const Tool& tool,
                                                 int number);
  ~McpCaller();

  int fd() const { return fd_; }
  // Sends the next call.  unavailable: the server is gone.
  Status call();
  enum class Heard { nothing, answer, wrong_answer, gone };
  // Reads what came.  `reconnected`: fd() is another one now.
  Heard listen(bool& reconnected);
  Nanos called_at() const { return called_at_; }
  std::uint64_t calls() const { return calls_; }  // begun so far
  const std::string& complaint() const { return complaint_; }

 private:
  McpCaller(Endpoint endpoint, Tool tool, int number)
      : endpoint_(std::move(endpoint)), tool_(std::move(tool)), number_(number) {}
  Status connect();
  Status initialise();
  Result<HttpAnswers::Answer> exchange(const std::string& body);
  std::string request(const std::string& body) const;
  bool receive();
  bool is_right(const HttpAnswers::Answer& answer);

  const Endpoint endpoint_;
  const Tool tool_;
  const int number_;
  int fd_ = -1;
  HttpAnswers answers_;
  std::string session_;
  std::uint64_t calls_ = 0;
  std::string wanted_id_, wanted_text_;
  Nanos called_at_ = 0;
  std::string complaint_;
};

}  // namespace devs
