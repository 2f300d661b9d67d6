#pragma once

#include "orchestrator/net/request_head.h"

namespace devs {

// Which of the two forms of an answer a client takes (RFC 9110 12.5.1).  Wildcards
// count, no Accept at all means both, `q=0` takes a range back.
struct Accepts {
  bool json = false;
  bool sse = false;
  bool operator==(const Accepts&) const = default;
};
Accepts accepts_of(const RequestHead& head);

}  // namespace devs
