#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trace/entry.h"

namespace devs {

// How upstreams fare, as `system` envelopes (SAOP page 10).
Draft upstream_down(std::string_view server, std::string_view reason);
Draft upstream_up(std::string_view server);
// Names as hosts call them.
Draft tools_changed(std::string_view server, const std::vector<std::string>& added,
                    const std::vector<std::string>& removed);

}  // namespace devs
