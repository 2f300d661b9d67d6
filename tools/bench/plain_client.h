#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/bench/endpoint.h"
#include "tools/bench/http_answer.h"

namespace devs {

// A client of 2025-11-25 that sends one message and waits for its answer, over a kept
// connection which it renews when the server says that it closes.
//
// Confined to its thread.
class PlainClient {
 public:
  explicit PlainClient(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}
  ~PlainClient();
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;

  // `session` may be empty.  status 0: there was no answer within 30 s, or no server.
  HttpAnswers::Answer post(std::string_view session, std::string_view body);
  // The id of a new session, or empty: then `answer`, when asked for, says why.
  std::string initialise(std::string_view capabilities = "{}",
                         HttpAnswers::Answer* answer = nullptr);

 private:
  const Endpoint endpoint_;
  int fd_ = -1;
  HttpAnswers answers_;
};

// The bytes of such a POST.
std::string post_of(const Endpoint& endpoint, std::string_view session, std::string_view body);

}  // namespace devs
