#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/mcp_version.h"
#include "protocol/result.h"

namespace devs {

// The opening of the legacy era: initialize, its answer, initialized.  Another
// era asks first with `server/discover`; that probe stands before this one and
// ends here when the upstream does not know it.

struct Handshake {
  McpRevision revision = kLatestLegacy;
  bool has_tools = false;
  bool has_tasks = false;  // of 2025-11-25, for calls of tools
};

// params of `initialize`: the latest revision we speak, roots, our name.
std::string encode_initialize_params();
// Fails naming what is wrong; any revision we know is accepted.
Result<Handshake> decode_initialize_result(JsonView result);

// The result of `roots/list`.
std::string encode_roots(const std::vector<std::string>& uris);

}  // namespace devs
