#pragma once

#include <string>
#include <vector>

#include "protocol/json.h"

namespace devs {

// An argument that a modern HTTP client repeats as a header `Mcp-Param-<name>`, because
// its schema says `x-mcp-header: <name>`.
struct ParamHeader {
  std::vector<std::string> path;  // member names from the arguments object down
  std::string name;               // as the schema spells it
};

// Those of an input schema, in written order; empty when there are none.  Members are
// reached through `properties` only, to the depth of kRequestJson.
std::vector<ParamHeader> param_headers_of(JsonView input_schema);

}  // namespace devs
