#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"

namespace devs {

// One blocking HTTP request of the command line (libcurl).  The server itself never
// uses it.
struct CliRequest {
  std::string url;
  std::string token;                 // bearer, or empty
  std::string method;                // empty: GET, or POST with a body
  std::vector<std::string> headers;  // "Name: value"
  std::string body;                  // POST when not empty
  // Streams: gets body bytes as they come; false ends the transfer.  When set, the
  // answer's body stays empty and there is no total deadline.
  std::function<bool(std::string_view)> on_bytes;
};
struct CliAnswer {
  long status = 0;
  std::string content_type, session_id, body;
};
// Fails with unavailable, saying what to do, when nobody answers there.
Result<CliAnswer> cli_http(const CliRequest& request);

}  // namespace devs
