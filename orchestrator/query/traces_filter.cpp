#include "orchestrator/query/traces_filter.h"

#include <algorithm>
#include <array>

#include "orchestrator/query/parameter_reading.h"
#include "protocol/ids.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::int64_t kMsPerDay = 86'400'000;
constexpr std::size_t kMaxMetaKey = 64;
constexpr std::string_view kNumber = "must be a number, 0 or more";

class Reading : public ParameterReading {
 public:
  using ParameterReading::ParameterReading;

  void text(std::string_view name, std::size_t most, std::string& out) {
    const std::string* const value = find(name);
    if (value == nullptr) return;
    if (value->empty() || value->size() > most || !is_utf8(*value) ||
        value->find('\0') != value->npos)
      return refuse(name, "must be 1 to " + std::to_string(most) + " bytes of UTF-8");
    out = *value;
  }

  void status(std::string& out) {
    constexpr std::array<std::string_view, 5> kStatuses{"", "running", "completed", "failed",
                                                        "cancelled"};
    out =
        kStatuses[word("status", kStatuses, 0, "must be running, completed, failed or cancelled")];
  }

  void flag(std::string_view name, std::optional<bool>& out) {
    constexpr std::array<std::string_view, 3> kAnswers{"", "true", "false"};
    const std::size_t told = word(name, kAnswers, 0, "must be true or false");
    if (told != 0) out = told == 1;
  }

  void range(const std::string& name, TracesFilter::Range& out) {
    number("min_" + name, kNumber, out.least);
    number("max_" + name, kNumber, out.most);
  }

  // A day alone is the whole of it.
  void day(std::string_view name, std::int64_t last_ms, std::optional<std::int64_t>& out) {
    const std::string* const value = find_filled(name);
    constexpr std::string_view kDay = "2026-11-21";
    if (value == nullptr || value->size() != kDay.size() || (*value)[4] != '-')
      return time(name, out);
    const std::string midnight = *value + "T00:00:00Z";
    const QueryParameters alone = [&midnight](std::string_view) { return &midnight; };
    BadField bad;
    ParameterReading(alone, bad).time(name, out);
    if (!bad.field.empty()) return refuse(name, bad.message);
    *out += last_ms;
  }

  void page(std::size_t& limit, std::size_t& offset) {
    count("limit", 1, kMaxTracesPage, limit);
    count("offset", 0, kMaxTracesOffset, offset);
  }
};

}  // namespace

bool TracesQuery::lists_spans() const {
  constexpr std::array<std::string_view, 4> kOneByOne{"retrieval", "tool_call", "embedding",
                                                      "thought"};
  return std::ranges::find(kOneByOne, filter.operation_type) != kOneByOne.end();
}

TracesQuery traces_query_of(const QueryParameters& given, const std::vector<std::string>& meta_keys,
                            BadField& bad) {
  TracesQuery query;
  TracesFilter& filter = query.filter;
  Reading reading(given, bad);
  reading.text("operation_type", 64, filter.operation_type);
  reading.status(filter.status);
  reading.text("session_tag", 128, filter.session_tag);
  reading.day("start_date", 0, filter.from_ms);
  reading.day("end_date", kMsPerDay - 1, filter.to_ms);
  reading.text("workflow", 256, filter.workflow);
  reading.range("cost", filter.cost);
  reading.range("duration", filter.duration);
  reading.range("throughput", filter.throughput);
  reading.flag("has_error", filter.has_error);
  reading.flag("has_quality_score", filter.has_quality_score);
  reading.number("min_quality_score", kNumber, filter.min_quality_score);
  reading.text("search", kMaxSearchBytes, filter.search);
  reading.page(query.limit, query.offset);
  for (const std::string& key : meta_keys) {
    const std::string name = "meta." + key;
    std::string value;
    reading.text(name, kMaxSearchBytes, value);
    if (!is_saop_id(key) || key.size() > kMaxMetaKey)
      reading.refuse(name, "must name a key of 1 to 64 of A-Z a-z 0-9 . _ : @ -");
    if (filter.meta.size() == kMaxMetaFilters)
      reading.refuse(name, "is one too many: 16 of meta.<key> at most");
    filter.meta.emplace_back(key, std::move(value));
  }
  return query;
}

SpansQuery spans_query_of(const QueryParameters& given, BadField& bad) {
  SpansQuery query;
  Reading reading(given, bad);
  reading.saop_id("trace_id", query.trace_id);
  reading.saop_id("conversation_id", query.conversation_id);
  reading.saop_id("message_id", query.message_id);
  reading.text("operation_type", 64, query.operation_type);
  reading.status(query.status);
  reading.page(query.limit, query.offset);
  if (query.trace_id.empty() && query.conversation_id.empty() && query.message_id.empty())
    reading.refuse("trace_id", "or conversation_id or message_id is required");
  return query;
}

}  // namespace devs
