#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "orchestrator/net/http_message.h"
#include "orchestrator/net/origin_policy.h"

namespace devs {

// Answers that httplib does not write: deferred ones, stream heads, refusals.
// The same headers come out of both; a test compares them.  Pure.

// An answer as bytes but for what only its connection knows.
struct EncodedAnswer {
  int status = 200;
  std::string head;  // without the empty line: finish_head() adds the rest
  std::string body;
  bool close = false;
};

// The connection's part of a head.
struct HeadEnd {
  std::string_view date;  // of http_date()
  bool close = false;
  const CorsGrant* cors = nullptr;
  const std::string* cors_allow = nullptr;
  const std::string* cors_expose = nullptr;
};

// A header that cannot be written, or a body over `max_bytes`, makes it a 500.
EncodedAnswer encode_answer(HttpAnswer answer, std::size_t max_bytes);
// 200, or 101, and what `head` asks for; bare or chunked as the peer can read.
EncodedAnswer encode_stream_head(const HttpAnswer& head, bool chunked);
// Completes `head` up to and with the empty line.
void finish_head(std::string& head, const HeadEnd& end);

// The headers with which both writers complete an answer, in their order.
bool has_header(const HttpAnswer& answer, std::string_view name);
bool headers_ok(const HttpAnswer& answer);
HttpAnswer too_large_answer();
HttpAnswer bad_header_answer();

std::string http_date(std::chrono::system_clock::time_point wall);

// http_date() of now, made once a second.
class DateLine {
 public:
  std::string_view at(std::chrono::system_clock::time_point wall);

 private:
  std::chrono::seconds made_{-1};
  std::string text_;
};

// 503, nothing in it, `Retry-After` of 1 to 5 in turn.
class CannedRefusals {
 public:
  const std::string& next();

 private:
  unsigned turn_ = 0;
  std::string made_[5];
};

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace devs
