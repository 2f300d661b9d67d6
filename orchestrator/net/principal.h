#pragma once

#include <string>

namespace devs {

// Who a request speaks for.  Belongs to the request, never to the connection.
struct Principal {
  std::string name = "local";  // `local` when open, `default` for MCP_BEARER_TOKEN
  bool is_operator = true;
  bool operator==(const Principal&) const = default;
};

}  // namespace devs
