#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/client_capabilities.h"
#include "protocol/json.h"
#include "protocol/mcp_version.h"
#include "protocol/result.h"

namespace devs {

// The syslog levels of RFC 5424, least severe first, as MCP spells them.
enum class LogLevel { debug, info, notice, warning, error, critical, alert, emergency };
std::optional<LogLevel> log_level_of(std::string_view name);
std::string_view name_of(LogLevel level);

// What every request of the modern era carries in `_meta` (prefix
// io.modelcontextprotocol/), so that it needs no session.
struct RequestMeta {
  std::string protocol_version;  // as spelled
  std::string client_name;       // clientInfo.name; may be empty
  ClientCapabilities client;
  std::optional<LogLevel> log_level;  // none: the client wants no log messages
};
// invalid_argument naming what is missing or wrong.  `client` is decoded as of the
// latest modern revision.
Result<RequestMeta> decode_request_meta(JsonView params);
// `_meta["io.modelcontextprotocol/protocolVersion"]`; absent when there is none.
JsonView meta_protocol_version(JsonView params);

// What a retry brings of the multi round-trip request it continues (MRTR).
struct RetryParams {
  bool present = false;                        // it is one
  std::map<std::string, std::string> answers;  // key to JSON object text; malformed ones left out
  std::optional<std::string> state;            // `requestState`, sealed
};
// invalid_argument: `inputResponses` is no object, or `requestState` no string.
Result<RetryParams> decode_retry(JsonView params);

// For how long, and for whom, an answer may be kept.
struct CacheHints {
  std::int64_t ttl_ms = 0;
  bool is_public = false;
};
// A result as the modern era wants it: with `resultType` ("complete" unless it says),
// our `serverInfo` in `_meta`, and hints where lists and reads have them.  Everything
// else stays byte for byte.  REQUIRES: `result` is a JSON object.
std::string modern_result(std::string_view result, std::string_view version,
                          const std::optional<CacheHints>& hints = std::nullopt);
// {"name":"mcp-orchestrator","version":...}
std::string server_info(std::string_view version);

// The text a header value stands for: blanks around it cut, `=?base64?...?=` decoded.
// Nullopt: a sentinel that does not decode to UTF-8.
std::optional<std::string> decode_header_value(std::string_view value);

}  // namespace devs
