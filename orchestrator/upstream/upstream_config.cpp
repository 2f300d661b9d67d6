#include "orchestrator/upstream/upstream_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace devs {
namespace {

// Children in all: each is a process, a guard and four descriptors.
constexpr std::size_t kMaxUpstreams = 64;
constexpr std::size_t kMaxKeyBytes = 24;
constexpr std::int64_t kMaxTimeoutMs = 3'600'000;
constexpr std::int64_t kMaxInFlight = 1024;

// A step of a JSON pointer (RFC 6901).
std::string step(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

Status expected(std::string_view path, std::string_view what) {
  return Status(Code::invalid_argument, fmt::format("{}: expected {}", path, what));
}

std::string reduce_key(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) continue;  // one '-' per character
    const bool kept =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    out += kept ? c : '-';
  }
  out.resize(std::min(out.size(), kMaxKeyBytes));
  return out;
}

// What execve can carry: no NUL inside.
std::optional<std::string> c_string(JsonView value) {
  std::optional<std::string> text = value.string();
  if (text && text->find('\0') != std::string::npos) return std::nullopt;
  return text;
}

constexpr std::string_view kText = "a string without NUL";

Status read_strings(JsonView value, const std::string& path, std::vector<std::string>& out) {
  if (!value.is_array()) return expected(path, "an array of strings");
  Status bad;
  value.each_element([&](JsonView element) {
    std::optional<std::string> text = c_string(element);
    if (!text && bad.ok()) bad = expected(fmt::format("{}/{}", path, out.size()), kText);
    out.push_back(std::move(text).value_or(""));
  });
  return bad;
}

Status read_env(JsonView value, const std::string& path, std::map<std::string, std::string>& out) {
  if (!value.is_object()) return expected(path, "an object of strings");
  Status bad;
  value.each_member([&](const std::string& name, JsonView text) {
    if (!bad.ok()) return;
    const std::string at = path + step(name);
    if (name.empty() || name.find('=') != std::string::npos) {
      bad = expected(at, "a variable name without '='");
    } else if (std::optional<std::string> read = c_string(text)) {
      out[name] = std::move(*read);
    } else {
      bad = expected(at, kText);
    }
  });
  return bad;
}

Status read_ms(JsonView value, const std::string& path, std::chrono::milliseconds& out) {
  const std::optional<std::int64_t> ms = value.integer();
  if (!ms || *ms < 1 || *ms > kMaxTimeoutMs)
    return expected(path, fmt::format("milliseconds, an integer from 1 to {}", kMaxTimeoutMs));
  out = std::chrono::milliseconds(*ms);
  return {};
}

Status read_roots(JsonView value, const std::string& path, std::vector<std::string>& out) {
  if (Status bad = read_strings(value, path, out); !bad.ok()) return bad;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!out[i].starts_with("file:"))
      return expected(fmt::format("{}/{}", path, i), "a URI that begins with `file:`");
  return {};
}

// One member of one server.  `disabled` is for people who switch a server off
// without deleting it.
Status read_member(const std::string& name, JsonView value, const std::string& path,
                   UpstreamConfig& config, bool& disabled) {
  if (name == "command") {
    std::optional<std::string> text = c_string(value);
    if (!text || text->empty()) return expected(path, "the name or path of a program");
    config.command = std::move(*text);
    return {};
  }
  if (name == "args") return read_strings(value, path, config.args);
  if (name == "env") return read_env(value, path, config.env);
  if (name == "roots") return read_roots(value, path, config.roots);
  if (name == "timeout_ms") return read_ms(value, path, config.timeout);
  if (name == "start_timeout_ms") return read_ms(value, path, config.start_timeout);
  if (name == "cwd") {
    std::optional<std::string> text = c_string(value);
    if (!text) return expected(path, "the path of a directory");
    config.cwd = std::move(*text);
    return {};
  }
  if (name == "max_in_flight") {
    const std::optional<std::int64_t> count = value.integer();
    if (!count || *count < 1 || *count > kMaxInFlight)
      return expected(path, fmt::format("an integer from 1 to {}", kMaxInFlight));
    config.max_in_flight = static_cast<std::size_t>(*count);
    return {};
  }
  if (name == "type")
    return value.is("stdio") ? Status() : expected(path, "\"stdio\", the only kind so far");
  if (name == "disabled") {
    const std::optional<bool> flag = value.boolean();
    if (!flag) return expected(path, "true or false");
    disabled = *flag;
    return {};
  }
  if (name == "url")
    return Status(Code::invalid_argument,
                  path + ": servers reached over HTTP are not supported yet; expected `command`");
  return Status(Code::invalid_argument,
                path +
                    ": unknown key; known are command, args, env, cwd, roots, timeout_ms, "
                    "start_timeout_ms, max_in_flight, type, disabled");
}

}  // namespace

Result<std::vector<UpstreamConfig>> decode_upstreams(JsonView mcp_servers) {
  const std::string root = "/mcpServers";
  std::vector<UpstreamConfig> upstreams;
  if (!mcp_servers.present()) return upstreams;
  if (!mcp_servers.is_object()) return expected(root, "an object of servers by name");

  Status bad;
  std::map<std::string, std::string> written_as;
  mcp_servers.each_member([&](const std::string& key, JsonView server) {
    if (!bad.ok()) return;
    const std::string path = root + step(key);
    UpstreamConfig config;
    config.key = reduce_key(key);
    if (config.key.empty()) {
      bad = expected(path, "a name of at least one character");
      return;
    }
    if (config.key == "builtin") {
      bad = Status(Code::invalid_argument, path + ": `builtin` is the name of our own tools");
      return;
    }
    if (const auto [it, fresh] = written_as.emplace(config.key, key); !fresh) {
      bad = Status(Code::invalid_argument,
                   fmt::format("{}: reduces to `{}`, as {} does; expected names that differ "
                               "in their first {} letters, digits and '-'",
                               path, config.key, root + step(it->second), kMaxKeyBytes));
      return;
    }
    if (!server.is_object()) {
      bad = expected(path, "an object with `command`");
      return;
    }
    bool disabled = false;
    server.each_member([&](const std::string& name, JsonView value) {
      if (bad.ok()) bad = read_member(name, value, path + step(name), config, disabled);
    });
    if (!bad.ok()) return;
    if (config.command.empty()) {
      bad = expected(path + "/command", "the name or path of a program");
      return;
    }
    if (!disabled) upstreams.push_back(std::move(config));
  });
  if (!bad.ok()) return bad;
  if (upstreams.size() > kMaxUpstreams)
    return expected(root, fmt::format("at most {} servers", kMaxUpstreams));
  return upstreams;
}

}  // namespace devs
