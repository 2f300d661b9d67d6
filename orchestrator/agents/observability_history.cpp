#include "orchestrator/agents/observability_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "orchestrator/agents/agent_frames.h"

namespace devs {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kMostEvents = 5'000;
// Looked at for one answer, when most are another's.
constexpr Sequence kMaxScanned = 200'000;
constexpr ReadLimits kStretch{1024, 1024 * 1024};

std::optional<std::int64_t> number_in(const RequestHead& head, std::string_view name,
                                      std::int64_t otherwise, BadParameter& bad) {
  const std::string* const text = head.query_param(name);
  if (text == nullptr || text->empty()) return otherwise;
  std::int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error == std::errc() && stop == end) return value;
  bad = {name, "must be a whole number"};
  return std::nullopt;
}

}  // namespace

std::optional<HistoryAsked> read_history(const RequestHead& head, std::optional<std::string> owner,
                                         std::int64_t now_ms, BadParameter& bad) {
  const auto since = number_in(head, "since", now_ms - kHourMs, bad);
  const auto until = number_in(head, "until", std::numeric_limits<std::int64_t>::max(), bad);
  const auto limit = number_in(head, "limit", 1'000, bad);
  if (!since || !until || !limit) return std::nullopt;
  return HistoryAsked{
      .since_ms = *since,
      .until_ms = *until,
      .limit = static_cast<std::size_t>(std::clamp<std::int64_t>(*limit, 1, kMostEvents)),
      .owner = std::move(owner)};
}

std::string history_json(const HistoryAsked& asked, const StoredLog& log,
                         const AgentTaskTable& tasks) {
  std::string events = "[";
  std::size_t count = 0;
  bool more = true;
  const auto show = [&](const StoredLine& line) {
    if (!more || line.stored_ms < asked.since_ms) return;
    if (line.stored_ms > asked.until_ms || count == asked.limit ||
        events.size() > kMaxHistoryBytes) {
      more = false;
      return;
    }
    if (asked.owner && owner_in(line.topics) != *asked.owner) return;
    const EnvelopeFacts facts = facts_of(line.body);
    if (facts.type == "channel" || facts.type == "graph") return;  // are on no topic `all`
    const EntryView entry(line.sequence, line.body, facts, line.topics);
    const AgentTaskCardPtr card = tasks.card_of(entry);
    events += (count > 0 ? "," : "") + admin_record(card.get(), entry);
    ++count;
  };
  Sequence next = log.first_since(asked.since_ms);
  const Sequence end = next + kMaxScanned;
  while (more && next <= log.last() && next < end) next = log.read(next, kStretch, show).next;
  return fmt::format(R"({{"events":{}],"count":{}}})", events, count);
}

}  // namespace devs
