#include "protocol/mcp_modern.h"

#include <array>
#include <utility>

#include "protocol/base64.h"

namespace devs {
namespace {

constexpr std::array<std::string_view, 8> kLevels{"debug", "info",     "notice", "warning",
                                                  "error", "critical", "alert",  "emergency"};
constexpr std::string_view kProtocolVersion = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view kClientCapabilities = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view kClientInfo = "io.modelcontextprotocol/clientInfo";
constexpr std::string_view kServerInfo = "io.modelcontextprotocol/serverInfo";
constexpr std::string_view kLogLevel = "io.modelcontextprotocol/logLevel";

Status refuse(std::string_view member, std::string_view why) {
  return Status(Code::invalid_argument,
                "_meta[\"" + std::string(member) + "\"] " + std::string(why));
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<LogLevel> log_level_of(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::string_view name_of(LogLevel level) {
  return kLevels[static_cast<std::size_t>(level)];
}

JsonView meta_protocol_version(JsonView params) {
  return params["_meta"][kProtocolVersion];
}

Result<RequestMeta> decode_request_meta(JsonView params) {
  const JsonView meta = params["_meta"];
  if (meta.present() && !meta.is_object()) {
    return Status(Code::invalid_argument, "_meta must be an object");
  }
  JsonView version, capabilities, info, level;
  meta.pick({{kProtocolVersion, &version},
             {kClientCapabilities, &capabilities},
             {kClientInfo, &info},
             {kLogLevel, &level}});
  RequestMeta decoded;
  if (!version.present()) return refuse(kProtocolVersion, "is required");
  if (!version.is_string()) return refuse(kProtocolVersion, "must be a string");
  decoded.protocol_version = version.string().value_or("");
  if (!capabilities.present()) return refuse(kClientCapabilities, "is required");
  if (!capabilities.is_object()) return refuse(kClientCapabilities, "must be an object");
  decoded.client = decode_client_capabilities(capabilities, kLatestModern);
  decoded.client_name = info["name"].string().value_or("");
  if (level.present()) {
    decoded.log_level = log_level_of(level.string().value_or(""));
    if (!decoded.log_level) return refuse(kLogLevel, "must be one of the 8 levels of RFC 5424");
  }
  return decoded;
}

Result<RetryParams> decode_retry(JsonView params) {
  JsonView responses, state;
  params.pick({{"inputResponses", &responses}, {"requestState", &state}});
  RetryParams retry;
  retry.present = responses.present() || state.present();
  if (responses.present() && !responses.is_object()) {
    return Status(Code::invalid_argument, "/inputResponses: must be an object");
  }
  if (state.present() && !state.is_string()) {
    return Status(Code::invalid_argument, "/requestState: must be a string");
  }
  responses.each_member([&retry](const std::string& key, JsonView answer) {
    if (answer.is_object()) retry.answers.emplace(key, answer.text());
  });
  retry.state = state.string();
  return retry;
}

std::optional<std::string> decode_header_value(std::string_view value) {
  constexpr std::string_view kBegin = "=?base64?", kEnd = "?=";
  const std::string_view text = trimmed(value);
  if (text.size() < kBegin.size() + kEnd.size() || !text.starts_with(kBegin) ||
      !text.ends_with(kEnd)) {
    return std::string(text);
  }
  auto decoded =
      base64_decode(text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size()));
  if (!decoded || !is_utf8(*decoded)) return std::nullopt;
  return decoded;
}

std::string server_info(std::string_view version) {
  return R"({"name":"mcp-orchestrator","version":)" + json_string(version) + "}";
}

std::string modern_result(std::string_view result, std::string_view version,
                          const std::optional<CacheHints>& hints) {
  JsonView type, meta, ttl, scope;
  JsonView(result).pick(
      {{"resultType", &type}, {"_meta", &meta}, {"ttlMs", &ttl}, {"cacheScope", &scope}});
  const std::string info = "\"" + std::string(kServerInfo) + "\":" + server_info(version);
  std::string out = "{";
  if (!type.present()) out += R"("resultType":"complete",)";
  if (hints && !ttl.present()) out += "\"ttlMs\":" + std::to_string(hints->ttl_ms) + ',';
  if (hints && !scope.present())
    out += hints->is_public ? R"("cacheScope":"public",)" : R"("cacheScope":"private",)";
  if (!meta.present()) {
    out += "\"_meta\":{" + info + "}";
    const std::string_view rest = result.substr(1);
    if (rest != "}") out += ',';
    return out.append(rest);
  }
  const auto at = static_cast<std::size_t>(meta.text().data() - result.data());
  out.append(result.substr(1, at - 1));
  if (!meta.is_object()) {  // it would be no result with it
    out += "{" + info + "}";
    return out.append(result.substr(at + meta.text().size()));
  }
  const bool is_empty = meta.text() == "{}", has_info = meta[kServerInfo].present();
  out += '{';
  if (!has_info) out.append(info).append(is_empty ? "" : ",");
  return out.append(result.substr(at + 1));
}

}  // namespace devs
