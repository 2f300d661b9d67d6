#pragma once

#include <string>
#include <vector>

#include "orchestrator/net/request_head.h"

namespace devs {

// How whoever asked can reach this server again: `http://127.0.0.1:3100`.
//
// By the Host of the request, which was checked.  Behind one of the proxies at `trusted`
// (addresses of peers) by its `X-Forwarded-Host` and `X-Forwarded-Proto`, each once and of
// its grammar; from anybody else these fields say nothing.
std::string public_base(const RequestHead& head, const std::vector<std::string>& trusted);

}  // namespace devs
