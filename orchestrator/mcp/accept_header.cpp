#include "orchestrator/mcp/accept_header.h"

#include "orchestrator/net/negotiation.h"

namespace devs {

Accepts accepts_of(const RequestHead& head) {
  if (head.count("accept") == 0) return {.json = true, .sse = true};
  const auto takes = [&head](std::string_view type) {
    return asked_for(head, "accept", type) != Asked::not_at_all;
  };
  return {.json = takes("application/json"), .sse = takes("text/event-stream")};
}

}  // namespace devs
