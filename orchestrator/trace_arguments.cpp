#include "orchestrator/trace_arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/wall_time.h"

namespace devs {
namespace {

bool admits(const std::vector<std::string>& wanted, const std::string& fact) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), fact) != wanted.end();
}

// A bound of a range: an id, or the first entry since a time; `end`: the last one
// before or at it.
Result<Sequence> bound_of(std::string_view name, const std::string& text, const DirectoryLog& log,
                          bool end) {
  if (decode_event_id(text).ok()) return sequence_of(text, log);
  const auto ms = ms_of_time(text);
  if (!ms)
    return Status(Code::invalid_argument,
                  fmt::format("{} must be an event id of this log ({}-1) or a time in UTC "
                              "(2026-11-21T01:24:05Z), not '{}'",
                              name, log.epoch(), text));
  return end ? last_until(log, *ms) : log.first_since(*ms);
}

}  // namespace

Result<QueryFilter> filter_of(const TraceArguments& arguments) {
  BadField bad;
  const StatsQuery query = stats_query_of(
      [&arguments](std::string_view name) -> const std::string* {
        const auto found = arguments.filter.find(name);
        return found == arguments.filter.end() ? nullptr : &found->second;
      },
      bad);
  if (bad.field.empty()) return query.filter;
  std::string option(bad.field);
  std::replace(option.begin(), option.end(), '_', '-');
  return Status(Code::invalid_argument, fmt::format("--{} {}", option, bad.message));
}

std::string filter_text(const TraceArguments& arguments) {
  std::string text;
  for (const auto& [name, value] : arguments.filter)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  return text;
}

bool matches(const QueryFilter& filter, const EnvelopeFacts& facts) {
  return admits(filter.types, facts.type) && admits(filter.tools, facts.tool) &&
         admits(filter.agents, facts.agent_id) && admits(filter.sessions, facts.session_id) &&
         admits(filter.tasks, facts.task_id) && admits(filter.statuses, facts.status) &&
         (!filter.min_duration_ms ||
          (facts.duration_ms && *facts.duration_ms >= *filter.min_duration_ms));
}

std::string query_string(const std::map<std::string, std::string, std::less<>>& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    text += (text.empty() ? '?' : '&') + name + '=';
    for (const char c : value) {
      const bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                         c == '-' || c == '.' || c == '_' || c == ',';
      if (plain) {
        text += c;
      } else {
        text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      }
    }
  }
  return text;
}

Result<EntryRange> range_of(const TraceArguments& arguments, const DirectoryLog& log) {
  EntryRange range{1, log.last()};
  if (!arguments.from.empty()) {
    const auto from = bound_of("--from", arguments.from, log, false);
    if (!from.ok()) return from.status();
    range.from = *from;
  }
  if (!arguments.to.empty()) {
    const auto to = bound_of("--to", arguments.to, log, true);
    if (!to.ok()) return to.status();
    range.through = *to;
  }
  return range;
}

Result<Sequence> sequence_of(std::string_view id, const DirectoryLog& log) {
  const auto event = decode_event_id(id);
  if (!event.ok())
    return Status(Code::invalid_argument,
                  fmt::format("'{}' is no event id; they look like {}-1", id, log.epoch()));
  if (event->epoch != log.epoch())
    return Status(Code::invalid_argument,
                  fmt::format("{} is of another log: the ids of {} begin with {}", id,
                              log.directory(), log.epoch()));
  return event->sequence;
}

}  // namespace devs
