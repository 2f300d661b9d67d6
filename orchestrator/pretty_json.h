#pragma once

#include <string>

#include "protocol/json.h"

namespace devs {

// JSON for a person: a member per line, two spaces a level, scalars as they are
// written.  REQUIRES: `value` passed compact_json().
std::string pretty_json(JsonView value);

}  // namespace devs
