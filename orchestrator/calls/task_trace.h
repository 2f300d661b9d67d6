#pragma once

#include <string>
#include <string_view>

#include "protocol/ids.h"

namespace devs {

// The `trace_id` of everything of one task when nobody gave another (SAOP 5): one trace
// per task, the same after a restart.
std::string trace_of_task(const Epoch& epoch, std::string_view task);

}  // namespace devs
