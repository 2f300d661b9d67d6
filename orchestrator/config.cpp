#include "orchestrator/config.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "orchestrator/streams/own_profiles.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

using Options = OrchestratorServer::Options;
using Milliseconds = std::chrono::milliseconds;

// What a key expects, in words; empty when `value` was taken.
using Take = std::function<std::string(JsonView value, Options& options)>;
struct Row {
  std::string_view key;
  Take take;
};

template <class Set>
Take integer(std::int64_t least, std::int64_t most, Set set) {
  return [=](JsonView value, Options& options) -> std::string {
    const auto number = value.integer();
    if (!number || *number < least || *number > most)
      return "an integer from " + std::to_string(least) + " to " + std::to_string(most);
    set(options, *number);
    return {};
  };
}
template <class Set>
Take text(Set set) {
  return [=](JsonView value, Options& options) -> std::string {
    auto words = value.string();
    if (!words) return "a string";
    set(options, std::move(*words));
    return {};
  };
}
template <class Set>
Take word_of(std::vector<std::string> words, Set set) {
  return [=](JsonView value, Options& options) -> std::string {
    for (std::size_t i = 0; i < words.size(); ++i)
      if (value.is(words[i])) {
        set(options, i);
        return {};
      }
    std::string expected = "one of";
    for (const auto& word : words) expected += " \"" + word + "\"";
    return expected;
  };
}
template <class Set>
Take boolean(Set set) {
  return [=](JsonView value, Options& options) -> std::string {
    const auto yes = value.boolean();
    if (!yes) return "true or false";
    set(options, *yes);
    return {};
  };
}
// Pairs of tools, the second of which is proposed after the first.
std::string read_templates(JsonView value, Options& options) {
  constexpr std::size_t kMostTemplates = 10'000;  // each is an edge that every measure visits
  std::vector<std::pair<std::string, std::string>> read;
  bool fits = value.is_array() && value.size() <= kMostTemplates;
  value.each_element([&](JsonView pair) {
    std::vector<std::string> tools;
    pair.each_element([&tools](JsonView tool) { tools.push_back(tool.string().value_or("")); });
    fits = fits && tools.size() == 2 && std::ranges::all_of(tools, [](const std::string& tool) {
             return !tool.empty() && tool.size() <= kMaxToolNameBytes;
           });
    if (fits) read.emplace_back(std::move(tools[0]), std::move(tools[1]));
  });
  if (!fits) return R"(a list of at most 10000 pairs of tools: [["search","fetch"]])";
  options.graph.templates = std::move(read);
  return {};
}
template <class Set>
Take list_of_text(Set set) {
  return [=](JsonView value, Options& options) -> std::string {
    std::vector<std::string> all;
    bool only_text = value.is_array();
    value.each_element([&](JsonView one) {
      auto words = one.string();
      only_text = only_text && words;
      if (words) all.push_back(std::move(*words));
    });
    if (!only_text) return "a list of strings";
    set(options, std::move(all));
    return {};
  };
}

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kYearS = 31'622'400;
std::size_t count_of(std::int64_t n) {
  return static_cast<std::size_t>(n);
}

// THE table of keys.
const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"http.host", text([](Options& o, std::string v) { o.http.host = std::move(v); })},
      {"http.port",
       integer(0, 65535,
               [](Options& o, std::int64_t v) { o.http.port = static_cast<std::uint16_t>(v); })},
      {"http.hosts",
       list_of_text([](Options& o, std::vector<std::string> v) { o.http.hosts = std::move(v); })},
      {"http.trusted_proxies", list_of_text([](Options& o, std::vector<std::string> v) {
         o.http.trusted_proxies = std::move(v);
       })},
      {"http.max_connections",
       integer(16, 1'000'000,
               [](Options& o, std::int64_t v) { o.http.max_connections = count_of(v); })},
      {"http.body_budget_bytes",
       integer(1 << 20, std::int64_t{1} << 40,
               [](Options& o, std::int64_t v) { o.http.body_budget = count_of(v); })},
      {"trace.dir", text([](Options& o, std::string v) { o.trace_dir = std::move(v); })},
      {"trace.ring_entries",
       integer(64, 1 << 24, [](Options& o, std::int64_t v) { o.ring_entries = count_of(v); })},
      {"trace.ring_bytes", integer(1 << 20, std::int64_t{1} << 40,
                                   [](Options& o, std::int64_t v) { o.ring_bytes = count_of(v); })},
      {"trace.segment_bytes", integer(1 << 20, std::int64_t{1} << 34,
                                      [](Options& o, std::int64_t v) {
                                        o.segment_bytes = static_cast<std::uint64_t>(v);
                                      })},
      {"trace.segment_age_s",
       integer(1, kYearS,
               [](Options& o, std::int64_t v) { o.segment_age = std::chrono::seconds(v); })},
      {"trace.zstd_level",
       integer(1, 19,
               [](Options& o, std::int64_t v) { o.keeper.zstd_level = static_cast<int>(v); })},
      {"recorder.durability", word_of({"written", "synced"},
                                      [](Options& o, std::size_t v) {
                                        o.recorder.durability =
                                            v == 1 ? Durability::synced : Durability::written;
                                      })},
      {"recorder.on_failure", word_of({"refuse", "continue"},
                                      [](Options& o, std::size_t v) {
                                        o.recorder.on_failure =
                                            v == 1 ? FlightRecorder::OnFailure::go_on
                                                   : FlightRecorder::OnFailure::refuse;
                                      })},
      {"retention.bytes", integer(0, std::int64_t{1} << 50,
                                  [](Options& o, std::int64_t v) {
                                    o.keeper.retention.bytes = static_cast<std::uint64_t>(v);
                                  })},
      {"retention.age_s", integer(0, 100 * kYearS,
                                  [](Options& o, std::int64_t v) {
                                    o.keeper.retention.age = std::chrono::seconds(v);
                                  })},
      {"retention.entries", integer(0, std::int64_t{1} << 50,
                                    [](Options& o, std::int64_t v) {
                                      o.keeper.retention.entries = static_cast<std::uint64_t>(v);
                                    })},
      {"triggers.on_error", boolean([](Options& o, bool v) { o.trigger.on_error = v; })},
      {"triggers.slower_than_ms", integer(0, kDayMs,
                                          [](Options& o, std::int64_t v) {
                                            o.trigger.slower_than_ms = static_cast<double>(v);
                                          })},
      {"triggers.before", integer(0, 1'000'000,
                                  [](Options& o, std::int64_t v) {
                                    o.trigger.before = static_cast<std::uint64_t>(v);
                                  })},
      {"triggers.after", integer(0, 1'000'000,
                                 [](Options& o, std::int64_t v) {
                                   o.trigger.after = static_cast<std::uint64_t>(v);
                                 })},
      {"triggers.max",
       integer(1, 100'000, [](Options& o, std::int64_t v) { o.trigger.max_pins = count_of(v); })},
      {"tools.timeout_ms", integer(1, kDayMs,
                                   [](Options& o, std::int64_t v) {
                                     o.calls.timeout = Milliseconds(v);
                                     o.calls.hard_timeout =
                                         std::max(o.calls.hard_timeout, Milliseconds(v));
                                   })},
      {"tools.max_in_flight",
       integer(1, 1'000'000,
               [](Options& o, std::int64_t v) { o.calls.max_in_flight = count_of(v); })},
      {"tools.threads",
       integer(1, 256, [](Options& o, std::int64_t v) { o.tool_threads = count_of(v); })},
      {"builtin.tools", word_of({"default", "all"},
                                [](Options& o, std::size_t v) { o.all_builtin_tools = v == 1; })},
      {"sse.heartbeat_ms",
       integer(100, 30'000,
               [](Options& o, std::int64_t v) { o.streams.heartbeat = Milliseconds(v); })},
      {"sse.retry_ms",
       integer(1, kDayMs,
               [](Options& o, std::int64_t v) { o.streams.retry_ms = static_cast<unsigned>(v); })},
      {"sse.max_clients",
       integer(1, 1'000'000,
               [](Options& o, std::int64_t v) { o.streams.max_clients = count_of(v); })},
      {"sse.max_per_principal",
       integer(1, 1'000'000,
               [](Options& o, std::int64_t v) { o.streams.max_per_principal = count_of(v); })},
      {"streams", [](JsonView value, Options& o) { return read_own_profiles(value, o.profiles); }},
      {"sse.checkpoint", boolean([](Options& o, bool v) { o.streams.checkpoint = v; })},
      {"mcp.sse_after_ms",
       integer(0, kDayMs, [](Options& o, std::int64_t v) { o.mcp.sse_after = Milliseconds(v); })},
      {"tasks.after_ms",
       integer(0, kDayMs, [](Options& o, std::int64_t v) { o.mcp.task_after = Milliseconds(v); })},
      {"mcp.page_size",
       integer(1, 10'000, [](Options& o, std::int64_t v) { o.mcp.page_size = count_of(v); })},
      {"mcp.sessionless",
       word_of({"serve", "refuse"}, [](Options& o, std::size_t v) { o.mcp.sessionless = v == 0; })},
      {"mcp.http_sse", boolean([](Options& o, bool v) { o.mcp.http_sse = v; })},
      {"mcp.instructions",
       text([](Options& o, std::string v) { o.mcp.instructions = std::move(v); })},
      {"sessions.idle_ms",
       integer(1000, kDayMs,
               [](Options& o, std::int64_t v) { o.mcp.session_idle = Milliseconds(v); })},
      {"sessions.max",
       integer(1, 1'000'000, [](Options& o, std::int64_t v) { o.mcp.max_sessions = count_of(v); })},
      {"sessions.max_per_principal",
       integer(1, 1'000'000,
               [](Options& o, std::int64_t v) { o.mcp.max_sessions_per_principal = count_of(v); })},
      {"auth.query_bearer", boolean([](Options& o, bool v) { o.access.query_bearer = v; })},
      {"auth.tokens",
       [](JsonView value, Options& o) { return read_named_tokens(value, o.access.tokens); }},
      {"cors.origins",
       list_of_text([](Options& o, std::vector<std::string> v) { o.http.origins = std::move(v); })},
      {"cors.graph_origins", list_of_text([](Options& o, std::vector<std::string> v) {
         o.http.graph_origins = std::move(v);
       })},
      {"channels.require_existing",
       boolean([](Options& o, bool v) { o.channels.book.require_existing = v; })},
      {"agents.require_existing",
       boolean([](Options& o, bool v) { o.agents.require_existing = v; })},
      {"graph.confidence", integer(1, 2,
                                   [](Options& o, std::int64_t v) {
                                     o.graph.learning.rule =
                                         v == 2 ? ConfidenceRule::typed : ConfidenceRule::growing;
                                   })},
      {"graph.templates", read_templates},
      {"graph.task_idle_ms",
       integer(0, kDayMs,
               [](Options& o, std::int64_t v) { o.graph.learning.task_idle = Milliseconds(v); })},
      {"drain_ms",
       integer(0, 600'000, [](Options& o, std::int64_t v) { o.drain_for = Milliseconds(v); })},
  };
  return all;
}

bool is_section(std::string_view name) {
  return std::any_of(rows().begin(), rows().end(), [&](const Row& row) {
    return row.key.size() > name.size() && row.key.starts_with(name) && row.key[name.size()] == '.';
  });
}

std::string known_keys(std::string_view section) {
  std::string keys;
  for (const Row& row : rows())
    if (section.empty() || row.key.starts_with(section))
      keys.append(keys.empty() ? "" : ", ").append(row.key);
  return section.empty() ? "mcpServers, " + keys : keys;
}

Status wrong(std::string_view file, std::string_view key, std::string_view expected) {
  std::string line(file);
  line.append(": ").append(key).append(": expected ").append(expected);
  return Status(Code::invalid_argument, line);
}

Status take_key(std::string_view file, const std::string& key, JsonView value, Options& options) {
  for (const Row& row : rows()) {
    if (row.key != key) continue;
    const std::string expected = row.take(value, options);
    return expected.empty() ? Status() : wrong(file, key, expected);
  }
  const std::size_t dot = key.find('.');
  const std::string section = dot == key.npos ? "" : key.substr(0, dot + 1);
  return wrong(file, key, "a known key: " + known_keys(section));
}

}  // namespace

Status apply_config(std::string_view file, std::string_view text, Options& options) {
  auto checked = compact_json(text, kConfigJson);
  if (!checked.ok())
    return Status(Code::invalid_argument,
                  std::string(file) + ": not a usable JSON file: " + checked.status().message());
  const JsonView root(*checked);
  if (!root.is_object()) return wrong(file, "/", "a JSON object with mcpServers");

  Status first;
  const auto keep = [&first](Status status) {
    if (first.ok()) first = std::move(status);
  };
  root.each_member([&](const std::string& name, JsonView value) {
    if (name == "mcpServers") {
      auto upstreams = decode_upstreams(value);
      if (upstreams.ok())
        options.upstreams.upstreams = std::move(*upstreams);
      else
        keep(Status(Code::invalid_argument,
                    std::string(file) + ": " + upstreams.status().message()));
    } else if (is_section(name)) {
      if (!value.is_object()) return keep(wrong(file, name, "an object"));
      value.each_member([&](const std::string& key, JsonView member) {
        keep(take_key(file, name + "." + key, member, options));
      });
    } else {
      keep(take_key(file, name, value, options));
    }
  });
  return first;
}

Status load_config(const std::string& path, Options& options) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return Status(Code::invalid_argument,
                  path + ": expected a readable JSON file; see --help for an example");
  if (std::filesystem::file_size(path, error) > kConfigJson.bytes)
    return Status(Code::invalid_argument, path + ": expected at most 1 MiB of JSON");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Status(Code::invalid_argument, path + ": " + std::strerror(errno));
  return apply_config(path, text.str(), options);
}

Status apply_environment(const GetEnv& get, Options& options) {
  for (const char* name : {"MCP_PORT", "DEVS_MCP_PORT"}) {
    const char* value = get(name);
    if (!value || !*value) continue;
    const std::string_view digits(value);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size())
      return Status(Code::invalid_argument,
                    std::string(name) + ": expected a port from 0 to 65535 (0: any free one)");
    options.http.port = port;
    break;
  }
  Status read = read_number(get, "TASK_MESSAGE_TTL_MINUTES", 1, 525'600, [&](std::int64_t n) {
    options.agents.message_ttl = std::chrono::minutes(n);
  });
  if (read.ok())
    read = read_number(get, "OBSERVABILITY_EVENT_BUFFER", 1, 10'000, [&](std::int64_t n) {
      options.agents.event_buffer = static_cast<std::size_t>(n);
    });
  if (!read.ok()) return read;
  auto access = access_from_environment(get, options.access);
  if (!access.ok()) return access.status();
  options.access = std::move(*access);
  return {};
}

}  // namespace devs
