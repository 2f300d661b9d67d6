#include "orchestrator/streams/own_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "orchestrator/streams/topic.h"

namespace devs {
namespace {

constexpr std::array<std::string_view, 6> kMembers{"name",    "path",         "topic",
                                                   "framing", "heartbeat_ms", "max_clients"};
constexpr std::size_t kMaxPath = 64;  // as a route's
constexpr std::int64_t kMostClients = 1'000'000;

struct Framing {
  std::string_view name, first;
};
constexpr std::string_view kComment = ": connected\n\n";
constexpr std::array<Framing, 4> kFramings{
    {{"raw", kComment},
     {"console", kComment},
     {"named", "event: connected\ndata: {\"clientId\":\"<uuid>\",\"timestamp\":\"<now>\"}\n\n"},
     {"message",
      "data: {\"event\":\"connected\",\"data\":{\"clientId\":\"<uuid>\"},"
      "\"timestamp\":<now_ms>,\"id\":\"\"}\n\n"}}};

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// The parameters of a path; nullopt: it is none.
std::optional<PathParams> params_of(std::string_view path) {
  if (path.size() < 2 || path.size() > kMaxPath || path.front() != '/') return std::nullopt;
  PathParams params;
  for (std::string_view rest = path; !rest.empty();) {
    rest.remove_prefix(1);
    std::string_view segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    const bool is_param = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
    if (is_param) segment = segment.substr(1, segment.size() - 2);
    if (!is_word(segment) || segment == "_" || segment.find_first_not_of('.') == segment.npos)
      return std::nullopt;
    if (is_param) params.emplace_back(segment, "x");
  }
  return params;
}

// `otherwise` where nothing was said; nullopt: not a number from `least` to `most`.
std::optional<std::int64_t> number(JsonView value, std::int64_t least, std::int64_t most,
                                   std::int64_t otherwise) {
  if (!value.present()) return otherwise;
  const auto told = value.integer();
  return told && *told >= least && *told <= most ? told : std::nullopt;
}

std::string read_one(JsonView told, const std::vector<StreamProfile>& before,
                     StreamProfile& profile) {
  if (!told.is_object()) return "an object of name, path and topic";
  std::string unknown;
  told.each_member([&unknown](const std::string& member, JsonView) {
    if (std::ranges::find(kMembers, member) == kMembers.end()) unknown = member;
  });
  if (!unknown.empty())
    return "no member but name, path, topic, framing, heartbeat_ms and max_clients";
  profile.key = told["name"].string().value_or("");
  if (!is_channel_name(profile.key))
    return "as name a lower-case letter, then up to 31 of a-z 0-9 -";
  profile.path = told["path"].string().value_or("");
  const auto params = params_of(profile.path);
  if (!params) return "as path /segments of A-Z a-z 0-9 . _ - or {parameter}, at most 64 bytes";
  profile.topic = told["topic"].string().value_or("");
  if (!parse_topic(fill_params(profile.topic, *params), false))
    return "as topic all, graph, task:<id>, session:<id>, agent:<id> or channel:<name>/<id>, where "
           "<id> may be a {parameter} of the path";
  profile.projection = told["framing"].present() ? told["framing"].string().value_or("") : "raw";
  const auto framing = std::ranges::find(kFramings, profile.projection, &Framing::name);
  if (framing == kFramings.end()) return "as framing raw, named, message or console";
  profile.first = framing->first;
  profile.heartbeat = ": heartbeat\n\n";
  const auto heartbeat = number(told["heartbeat_ms"], 100, 30'000, 15'000);
  if (!heartbeat) return "as heartbeat_ms a number from 100 to 30000";
  profile.heartbeat_period = std::chrono::milliseconds(*heartbeat);
  const auto clients = number(told["max_clients"], 1, kMostClients, 0);
  if (!clients) return fmt::format("as max_clients a number from 1 to {}", kMostClients);
  profile.max_clients = static_cast<std::size_t>(*clients);
  for (const StreamProfile& other : before) {
    if (other.key == profile.key) return "each name once";
    if (other.path == profile.path) return "each path once";
  }
  return {};
}

}  // namespace

std::string read_own_profiles(JsonView list, std::vector<StreamProfile>& profiles) {
  if (!list.is_array() || list.size() > kMaxOwnProfiles)
    return fmt::format("a list of at most {} kinds of stream", kMaxOwnProfiles);
  std::vector<StreamProfile> read;
  std::string wrong;
  list.each_element([&](JsonView one) {
    if (!wrong.empty()) return;
    StreamProfile profile;
    if (const std::string expected = read_one(one, read, profile); !expected.empty())
      wrong = fmt::format("{} (stream {})", expected, read.size());
    read.push_back(std::move(profile));
  });
  if (wrong.empty()) profiles = std::move(read);
  return wrong;
}

}  // namespace devs
