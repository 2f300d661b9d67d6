#include "orchestrator/upstream/handshake.h"

#include <fmt/format.h>

#include <optional>

namespace devs {

std::string encode_initialize_params() {
  return fmt::format(R"({{"protocolVersion":"{}","capabilities":{{"roots":{{}}}},)"
                     R"("clientInfo":{{"name":"mcp-orchestrator","version":"{}"}}}})",
                     name_of(kLatestLegacy), DEVS_VERSION);
}

Result<Handshake> decode_initialize_result(JsonView result) {
  const std::optional<std::string> version = result["protocolVersion"].string();
  if (!version)
    return Status(Code::invalid_argument, "its answer to initialize has no protocolVersion");
  const std::optional<McpRevision> revision = legacy_revision_of(*version);
  if (!revision)
    return Status(Code::invalid_argument,
                  fmt::format("it speaks protocol revision `{}`, which is not known here",
                              utf8_prefix(*version, 64)));
  const JsonView can = result["capabilities"];
  return Handshake{.revision = *revision,
                   .has_tools = can["tools"].is_object(),
                   .has_tasks = has_core_tasks(*revision) &&
                                can["tasks"]["requests"]["tools"]["call"].is_object()};
}

std::string encode_roots(const std::vector<std::string>& uris) {
  std::string out = R"({"roots":[)";
  for (const std::string& uri : uris) {
    if (!out.ends_with('[')) out += ',';
    out += R"({"uri":)";
    append_json_string(out, uri);
    out += '}';
  }
  out += "]}";
  return out;
}

}  // namespace devs
