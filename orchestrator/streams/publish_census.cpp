#include "orchestrator/streams/publish_census.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/envelope.h"
#include "protocol/ids.h"

namespace devs {
namespace {

constexpr std::size_t kRememberedCalls = 10'000;

}  // namespace

PublishCensus::PublishCensus(Log& log, Metrics& metrics)
    : log_(log),
      metrics_(metrics),
      bad_ids_(metrics.counter("saop_bad_id_total")),
      orphans_(metrics.counter("saop_orphan_total")),
      duplicates_(metrics.counter("saop_duplicate_call_total")),
      bad_observations_(metrics.counter("saop_bad_observation_total")) {
}

// One pass: absent members would each cost a scan of the whole envelope.
void PublishCensus::count(JsonView envelope) {
  constexpr std::array<std::string_view, 3> kExpected{"turn_index", "payload", "timestamp_ns"};
  constexpr std::array<std::string_view, 10> kIds{
      "agent_id",     "task_id",    "thread_id",         "session_id", "agentId",
      "tool_call_id", "thought_id", "source_thought_id", "taskId",     "sessionId"};
  std::array<bool, kExpected.size()> present{};
  std::string type, call_id;
  envelope.each_member([&](std::string_view name, JsonView value) {
    if (name == "type") type = value.string().value_or("");
    if (name == "tool_call_id") call_id = value.string().value_or("");
    for (std::size_t at = 0; at < kExpected.size(); ++at)
      if (name == kExpected[at]) present[at] = true;
    if (std::find(kIds.begin(), kIds.end(), name) != kIds.end() &&
        !is_saop_id(value.string().value_or("")))
      bad_ids_.add();
  });
  for (std::size_t at = 0; at < kExpected.size(); ++at)
    if (!present[at]) incomplete(kExpected[at]).add();
  if (type != "observation" && type != "action") return;
  if (call_id.empty()) {
    incomplete("tool_call_id").add();
  } else if (is_saop_id(call_id)) {  // others are counted above and never kept
    count_call(type, std::move(call_id));
  }
  if (type != "observation") return;
  if (const auto offences = validate_observation(envelope); !offences.empty()) {
    bad_observations_.add();
    log_.warn("saop_bad_observation",
              {{"offence", offences.front()}, {"offences", std::to_string(offences.size())}});
  }
}

Counter& PublishCensus::incomplete(std::string_view member) {
  return metrics_.counter("saop_incomplete_total", "member=\"" + std::string(member) + '"');
}

void PublishCensus::count_call(std::string_view type, std::string id) {
  MutexLock lock(mutex_);
  const bool is_action = type == "action";
  const auto [known, is_new] = calls_.try_emplace(id, is_action ? Seen::action : Seen::observed);
  if (is_new) {
    if (!is_action) orphans_.add();
    order_.push_back(std::move(id));
    if (order_.size() > kRememberedCalls) {
      calls_.erase(order_.front());
      order_.pop_front();
    }
  } else if (is_action || known->second == Seen::observed) {
    duplicates_.add();
  } else {
    known->second = Seen::observed;
  }
}

}  // namespace devs
