// `trace query`, `trace stats`: the same questions to a directory or to a server, the
// same answer as a table or as JSON.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "orchestrator/cli_http.h"
#include "orchestrator/query/offline_index.h"
#include "orchestrator/query/trace_queries.h"
#include "orchestrator/terminal.h"
#include "orchestrator/trace_commands.h"
#include "protocol/envelope.h"
#include "protocol/json.h"

namespace devs {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;
using Answer = Result<std::string>;

// A cell wider than this says little more.
constexpr std::size_t kMaxCell = 60;

// --- the questions

// --from and --to as the questions know them: exclusive ids, or times.
Status add_range(const TraceArguments& arguments, Parameters& parameters) {
  for (const auto& [text, id_name, time_name, step] :
       {std::tuple{&arguments.from, "after", "from", -1}, {&arguments.to, "before", "to", +1}}) {
    if (text->empty()) continue;
    const auto id = decode_event_id(*text);
    if (!id.ok()) {
      parameters[time_name] = *text;
    } else if (id->sequence > 0) {
      parameters[id_name] =
          encode_event_id(id->epoch, step < 0 ? id->sequence - 1 : id->sequence + 1);
    }
  }
  return {};
}

Answer ask_server(const TraceArguments& arguments, const char* route,
                  const Parameters& parameters) {
  auto answer = cli_http({.url = arguments.url + route + query_string(parameters),
                          .token = arguments.token,
                          .method = {},
                          .headers = {},
                          .body = {},
                          .on_bytes = {}});
  if (!answer.ok()) return answer.status();
  if (answer->status == 401)
    return Status(Code::unauthenticated, "the server wants a token: set MCP_BEARER_TOKEN");
  auto json = compact_json(answer->body, kUpstreamJson);
  if (answer->status != 200 || !json.ok()) {
    const JsonView told(json.ok() ? std::string_view(*json) : std::string_view());
    std::string why = told["message"].string().value_or(told["reason"].string().value_or(""));
    if (const auto field = told["field"].string()) why = *field + ' ' + why;
    return Status(Code::unavailable,
                  fmt::format("{}{} answered {}: {}", arguments.url, route, answer->status, why));
  }
  return std::move(*json);
}

using Question = std::function<Answer(const TraceQueries&, const QueryParameters&, BadField&)>;

Answer ask_directory(const TraceArguments& arguments, const Parameters& parameters,
                     const Question& question) {
  const auto log = DirectoryLog::open(arguments.dir);
  if (!log.ok()) return log.status();
  ProgressLine progress("index", arguments.progress);
  const auto index = OfflineIndex::open(
      {.dir = arguments.dir,
       .rebuild = false,
       .on_progress = [&progress](Sequence done,
                                  Sequence last) { progress.update(done, last, 0); }},
      **log, (*log)->epoch(), stderr_log(Log::Level::error));
  if (!index.ok()) return index.status();
  const TraceQueries queries((*index)->readers(), **log, (*log)->epoch());
  BadField bad;
  Answer answer = question(
      queries,
      [&parameters](std::string_view name) -> const std::string* {
        const auto found = parameters.find(name);
        return found == parameters.end() ? nullptr : &found->second;
      },
      bad);
  if (bad.field.empty()) return answer;
  std::string option(bad.field == "after" ? "from" : bad.field == "before" ? "to" : bad.field);
  std::replace(option.begin(), option.end(), '_', '-');
  return Status(Code::invalid_argument, fmt::format("--{} {}", option, bad.message));
}

Answer ask(const TraceArguments& arguments, const char* route, Parameters parameters,
           const Question& question) {
  for (const auto& [name, value] : arguments.filter) parameters[name] = value;
  if (Status range = add_range(arguments, parameters); !range.ok()) return range;
  return arguments.url.empty() ? ask_directory(arguments, parameters, question)
                               : ask_server(arguments, route, parameters);
}

// --- the answers

using Row = std::vector<std::string>;

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

// One line, nothing a terminal obeys, not too wide.
std::string cell_of(std::string_view text) {
  std::string cell = harmless(text);
  std::replace_if(
      cell.begin(), cell.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  if (cell.size() <= kMaxCell) return cell;
  return std::string(utf8_prefix(cell, kMaxCell - 3)) + "...";
}

bool print_table(std::vector<Row> rows, std::size_t numbers_from) {
  std::vector<std::size_t> widths;
  for (Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) {
      row[at] = cell_of(row[at]);
      widths[at] = std::max(widths[at], width_of(row[at]));
    }
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at) {
      const std::string gap(widths[at] - width_of(row[at]), ' ');
      line += (at == 0 ? "" : "  ") + (at >= numbers_from ? gap + row[at] : row[at] + gap);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (!print_text(stdout, line + "\n")) return false;
  }
  return true;
}

std::string text_of(JsonView value, std::string_view missing = "-") {
  if (auto text = value.string()) return *text;
  const bool none = !value.present() || value.kind() == JsonView::Kind::null;
  return std::string(none ? missing : value.text());
}

// What a person recognises an entry by.
std::string summary_of(JsonView envelope, const EnvelopeFacts& facts) {
  const JsonView payload = envelope["payload"];
  if (facts.type == "thought") return text_of(payload["analysis"]["reasoning_chain"], "");
  if (facts.type == "action") return text_of(payload["tool_call"]["arguments"], "");
  if (facts.type != "observation") return facts.name;
  const std::string out = text_of(envelope["stdout"], "");
  return out.empty() ? text_of(envelope["stderr"], "") : out;
}

void print_envelopes(const TraceArguments& arguments, JsonView answer) {
  std::vector<Row> rows{{"ID", "STORED", "TYPE", "AGENT", "TOOL", "STATUS", "MS", "WHAT"}};
  answer["envelopes"].each_element([&rows](JsonView each) {
    const JsonView envelope = each["envelope"];
    if (!envelope.present()) {
      rows.push_back({text_of(each["id"]), "-", "(" + text_of(each["lost"]) + ")"});
      return;
    }
    const EnvelopeFacts facts = facts_of(envelope.text());
    rows.push_back({text_of(each["id"]), text_of(each["stored_at"]), facts.type, facts.agent_id,
                    facts.tool, facts.status, text_of(envelope["duration_ms"], ""),
                    summary_of(envelope, facts)});
  });
  if (!print_table(std::move(rows), 8)) return;
  answer["gaps"].each_element([](JsonView gap) {
    remark(fmt::format("[gap] {} to {} ({})", text_of(gap["from"]), text_of(gap["to"]),
                       text_of(gap["reason"])));
  });
  const auto total = answer["total"].integer().value_or(0);
  const bool exact = answer["total_is_exact"].boolean().value_or(true);
  std::string line =
      fmt::format("{} of {}{}", answer["envelopes"].size(), exact ? "" : "more than ", total);
  if (const auto next = decode_event_id(answer["next"].string().value_or("")); next.ok()) {
    const bool newest_first = arguments.order == "desc";
    const Sequence further = newest_first ? next->sequence - 1 : next->sequence + 1;
    line += fmt::format("; more with {} {}", newest_first ? "--to" : "--from",
                        encode_event_id(next->epoch, further));
  }
  remark(line);
}

void print_stats(const TraceArguments&, JsonView answer) {
  std::string group = text_of(answer["group_by"]);
  std::transform(group.begin(), group.end(), group.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  std::vector<Row> rows{
      {group, "ENTRIES", "CALLS", "ERRORS", "P50 MS", "P95 MS", "P99 MS", "MAX MS"}};
  answer["groups"].each_element([&rows](JsonView each) {
    rows.push_back({text_of(each["key"]), text_of(each["count"]), text_of(each["calls"]),
                    text_of(each["errors"]), text_of(each["p50_ms"]), text_of(each["p95_ms"]),
                    text_of(each["p99_ms"]), text_of(each["max_ms"])});
  });
  if (!print_table(std::move(rows), 1)) return;
  std::string line = text_of(answer["entries"]) + " entries";
  if (!answer["is_exact"].boolean().value_or(true)) line += ", the newest ones only";
  if (const auto left = answer["groups_left_out"].integer().value_or(0); left > 0)
    line += fmt::format(", {} groups left out", left);
  remark(line);
}

int print_answer(const TraceArguments& arguments, const Answer& answer,
                 void (*table)(const TraceArguments&, JsonView)) {
  if (!answer.ok())
    return arguments.url.empty() ? refused(answer.status().message())
                                 : failed(answer.status().message());
  if (arguments.json) {
    print_text(stdout, *answer + "\n");
  } else {
    table(arguments, JsonView(*answer));
  }
  return 0;
}

}  // namespace

int trace_query(const TraceArguments& arguments) {
  Parameters parameters;
  if (!arguments.limit.empty()) parameters["limit"] = arguments.limit;
  if (!arguments.order.empty()) parameters["order"] = arguments.order;
  const Question question = [](const TraceQueries& queries, const QueryParameters& given,
                               BadField& bad) {
    const EnvelopesQuery query = envelopes_query_of(given, queries.epoch(), bad);
    return bad.field.empty() ? queries.envelopes(query) : Answer(std::string());
  };
  return print_answer(arguments,
                      ask(arguments, "/trace/envelopes", std::move(parameters), question),
                      &print_envelopes);
}

int trace_stats(const TraceArguments& arguments) {
  for (const std::string* bound : {&arguments.from, &arguments.to})
    if (decode_event_id(*bound).ok())
      return refused("stats counts between times: --from 2026-11-21T01:24:05Z, not event ids");
  const Question question = [](const TraceQueries& queries, const QueryParameters& given,
                               BadField& bad) {
    const StatsQuery query = stats_query_of(given, bad);
    return bad.field.empty() ? queries.stats(query) : Answer(std::string());
  };
  return print_answer(arguments,
                      ask(arguments, "/trace/stats", {{"group_by", arguments.group_by}}, question),
                      &print_stats);
}

}  // namespace devs
