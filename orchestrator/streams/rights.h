#pragma once

#include <optional>

#include "orchestrator/net/http_message.h"
#include "orchestrator/net/principal.h"
#include "orchestrator/streams/filter.h"

namespace devs {

// Narrows what a reader asks for to what it may see (streams 2.1): without the operator
// role `all` means its own, and of every other topic come its own entries.  The answer to
// send instead: 403 for what is the operators', 401 beyond the topics of a stream token.
std::optional<HttpAnswer> narrow_to_rights(const Principal& reader, Filter& filter);

// May it follow that topic at all?  For who makes a token for it.
bool may_follow(const Principal& reader, const Topic& topic);

}  // namespace devs
