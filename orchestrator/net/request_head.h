#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/net/http_message.h"

namespace devs {

// A request head that passed the strict look (http front, sections 3 and 4):
// single spaces, CRLF only, token names, no folding, no obs-text in fields the
// house reads, framing decided.  A value; owns its bytes.
class RequestHead {
 public:
  Method method = Method::get;
  bool http_1_0 = false;
  std::string path;                                         // raw, as sent: `/trace/stream`
  std::string query;                                        // raw, after the first '?'
  std::vector<std::pair<std::string, std::string>> fields;  // names lower-cased, values raw

  // Body framing, decided once (RFC 9112 section 6, and stricter).
  enum class Body { none, length, chunked };
  Body body = Body::none;
  std::uint64_t content_length = 0;

  bool keep_alive = true;
  bool expects_continue = false;
  std::string host;          // as sent
  std::string peer_address;  // of the socket, or behind a trusted proxy
  std::vector<std::pair<std::string, std::string>> params;        // of the route's pattern, decoded
  std::vector<std::pair<std::string, std::string>> query_params;  // decoded, each name once

  // The value of the first field of that lower-case name, or empty.
  std::string_view field(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  // A query parameter; nullptr when it was not sent.
  const std::string* query_param(std::string_view name) const;
  const std::string* param(std::string_view name) const;
};

// Why a head, or a body, was refused: the answer goes out, the connection closes.
struct HttpRefusal {
  int status = 400;         // 0: close without a word
  std::string_view reason;  // of a closed list: `line`, `field`, `host`, `length`, ...
};

struct HeadLimits {
  std::size_t head_bytes = 16'384;
  std::size_t fields = 100;
  std::size_t name_bytes = 256;
  std::size_t value_bytes = 8'192;
  std::size_t method_bytes = 16;
  std::size_t path_bytes = 512;
  std::size_t query_bytes = 4'096;
  std::size_t query_params = 64;
};

}  // namespace devs
