// `trace show`: one envelope, and the other end of its call.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "orchestrator/cli_http.h"
#include "orchestrator/pretty_json.h"
#include "orchestrator/terminal.h"
#include "orchestrator/trace_commands.h"
#include "protocol/json.h"

namespace devs {
namespace {

// The other end of a call is near; who looks further asks `trace query`.
constexpr Sequence kPartnerSearch = 100'000;
constexpr Sequence kChunk = 1024;

struct Found {
  std::string id, body;
};

// What to look for: the type of the other end, and the id both carry.
struct Partner {
  std::string_view type;  // empty: it has none
  std::string tool_call_id;
};
Partner partner_of(JsonView envelope) {
  Partner partner;
  if (envelope["type"].is("action")) partner.type = "observation";
  if (envelope["type"].is("observation")) partner.type = "action";
  partner.tool_call_id = envelope["tool_call_id"].string().value_or("");
  if (partner.tool_call_id.empty()) partner.type = {};
  return partner;
}
bool is(const Partner& partner, JsonView envelope) {
  return envelope["type"].is(partner.type) && envelope["tool_call_id"].is(partner.tool_call_id);
}

// Reads [from, end) and keeps the first, or the last, that is the one looked for.
std::optional<Found> search(const DirectoryLog& log, Sequence from, Sequence end,
                            const Partner& partner, bool last) {
  std::optional<Found> found;
  for (Sequence next = from; next < end && (last || !found);) {
    ReadLimits limits;
    limits.entries = std::min(kChunk, end - next);
    const auto outcome = log.read(next, limits, [&](const StoredLine& line) {
      const bool mentioned = line.body.find(partner.tool_call_id) != line.body.npos;
      if (!mentioned || (found && !last) || !is(partner, JsonView(line.body))) return;
      found = Found{encode_event_id(log.epoch(), line.sequence), std::string(line.body)};
    });
    if (outcome.next <= next) break;
    next = outcome.next;
  }
  return found;
}

std::optional<Found> partner_in(const DirectoryLog& log, Sequence sequence,
                                const Partner& partner) {
  if (partner.type == "observation")
    return search(log, sequence + 1, std::min(log.last() + 1, sequence + kPartnerSearch), partner,
                  false);
  const Sequence oldest = sequence > kPartnerSearch ? sequence - kPartnerSearch : 1;
  for (Sequence end = sequence; end > oldest;) {
    const Sequence from = end > oldest + kChunk ? end - kChunk : oldest;
    if (auto found = search(log, from, end, partner, true)) return found;
    end = from;
  }
  return std::nullopt;
}

Result<std::string> fetch(const TraceArguments& arguments, const std::string& route) {
  auto answer = cli_http({.url = arguments.url + route,
                          .token = arguments.token,
                          .method = {},
                          .headers = {},
                          .body = {},
                          .on_bytes = {}});
  if (!answer.ok()) return answer.status();
  if (answer->status == 200) return std::move(answer->body);
  if (answer->status == 401)
    return Status(Code::unauthenticated, "the server wants a token: set MCP_BEARER_TOKEN");
  return Status(Code::not_found, answer->status == 410
                                     ? "retention took it; it is no longer kept"
                                     : fmt::format("the server answered {}", answer->status));
}

// An envelope that quotes the id elsewhere is found by text search too: so ask for
// some.
std::optional<Found> partner_at(const TraceArguments& arguments, const Partner& partner) {
  const auto answer =
      fetch(arguments, "/trace/envelopes" + query_string({{"type", std::string(partner.type)},
                                                          {"q", partner.tool_call_id},
                                                          {"limit", "100"}}));
  if (!answer.ok()) return std::nullopt;
  const auto json = compact_json(*answer, kUpstreamJson);
  if (!json.ok()) return std::nullopt;
  std::optional<Found> found;
  JsonView(*json)["envelopes"].each_element([&](JsonView each) {
    if (!found && is(partner, each["envelope"]))
      found = Found{each["id"].string().value_or(""), std::string(each["envelope"].text())};
  });
  return found;
}

bool print_one(const Found& found) {
  const auto json = compact_json(found.body, kUpstreamJson);
  const std::string text = json.ok() ? pretty_json(JsonView(*json)) : found.body;
  return print_text(stdout, fmt::format("# {}\n{}\n", found.id, text));
}

int print(const TraceArguments& arguments, const Found& found,
          const std::function<std::optional<Found>(const Partner&)>& look) {
  if (arguments.json) {
    print_text(stdout, found.body + "\n");
    return 0;
  }
  if (!print_one(found)) return 0;
  const Partner partner = partner_of(JsonView(found.body));
  if (partner.type.empty()) return 0;
  if (const auto other = look(partner)) {
    print_one(*other);
  } else {
    remark(fmt::format("no {} of this call {}", partner.type,
                       partner.type == "observation" ? "yet" : "is kept"));
  }
  return 0;
}

int show_of_server(const TraceArguments& arguments) {
  const auto id = decode_event_id(arguments.id);
  if (!id.ok())
    return refused(fmt::format("'{}' is no event id; they look like 5f3a9c01d2-1", arguments.id));
  const auto body = fetch(arguments, "/trace/envelopes/" + arguments.id);
  if (!body.ok()) return failed(arguments.id + ": " + body.status().message());
  return print(arguments, {arguments.id, *body},
               [&](const Partner& partner) { return partner_at(arguments, partner); });
}

}  // namespace

int trace_show(const TraceArguments& arguments) {
  if (!arguments.url.empty()) return show_of_server(arguments);
  const auto log = DirectoryLog::open(arguments.dir);
  if (!log.ok()) return refused(log.status().message());
  const auto sequence = sequence_of(arguments.id, **log);
  if (!sequence.ok()) return refused(sequence.status().message());
  std::optional<Found> found;
  ReadLimits one;
  one.entries = 1;
  const auto outcome = (*log)->read(*sequence, one, [&](const StoredLine& line) {
    if (line.sequence == *sequence) found = Found{arguments.id, std::string(line.body)};
  });
  if (outcome.loss)
    return failed(
        fmt::format("{} cannot be had any more ({})", arguments.id, name_of(outcome.loss->reason)));
  if (!found)
    return failed(fmt::format("no {}: the log ends with {}", arguments.id,
                              encode_event_id((*log)->epoch(), (*log)->last())));
  return print(arguments, *found,
               [&](const Partner& partner) { return partner_in(**log, *sequence, partner); });
}

}  // namespace devs
