#include "orchestrator/query/span.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "orchestrator/net/principal.h"
#include "orchestrator/query/sent_span.h"
#include "protocol/envelope_writer.h"
#include "protocol/ids.h"
#include "protocol/json.h"
#include "protocol/limits.h"
#include "protocol/wall_time.h"
#include "trace/sha256.h"

namespace devs {
namespace {

using C = SpanColumn;

struct Column {
  std::string_view name;
  SpanValue value;
};
constexpr std::array<Column, kSpanColumns> kColumns{{{"id", SpanValue::text},
                                                     {"user_id", SpanValue::text},
                                                     {"conversation_id", SpanValue::text},
                                                     {"message_id", SpanValue::text},
                                                     {"trace_id", SpanValue::text},
                                                     {"parent_trace_id", SpanValue::text},
                                                     {"span_id", SpanValue::text},
                                                     {"span_name", SpanValue::text},
                                                     {"start_time", SpanValue::time},
                                                     {"end_time", SpanValue::time},
                                                     {"duration_ms", SpanValue::real},
                                                     {"operation_type", SpanValue::text},
                                                     {"model_name", SpanValue::text},
                                                     {"model_provider", SpanValue::text},
                                                     {"input_data", SpanValue::json},
                                                     {"output_data", SpanValue::json},
                                                     {"metadata", SpanValue::json},
                                                     {"input_tokens", SpanValue::integer},
                                                     {"output_tokens", SpanValue::integer},
                                                     {"total_tokens", SpanValue::integer},
                                                     {"cost_usd", SpanValue::real},
                                                     {"status", SpanValue::text},
                                                     {"error_message", SpanValue::text},
                                                     {"error_type", SpanValue::text},
                                                     {"created_at", SpanValue::time},
                                                     {"updated_at", SpanValue::time},
                                                     {"ttft_ms", SpanValue::real},
                                                     {"tokens_per_second", SpanValue::real},
                                                     {"session_tag", SpanValue::text}}};

constexpr std::size_t kTraceIdDigits = 32;
constexpr std::size_t kMaxSpanName = 256;  // of a task's title; as one that is sent

// What is looked at of an envelope, found in one pass over it.
struct Seen {
  JsonView payload, call, thought, trace, span, parent, role, thread, turn;
  JsonView exit_code, out, err, encoding, duration, metadata;
};

Seen look(std::string_view body) {
  Seen seen;
  JsonView(body).pick({{"payload", &seen.payload},
                       {"tool_call_id", &seen.call},
                       {"thought_id", &seen.thought},
                       {"trace_id", &seen.trace},
                       {"span_id", &seen.span},
                       {"parent_span_id", &seen.parent},
                       {"agent_role", &seen.role},
                       {"thread_id", &seen.thread},
                       {"turn_index", &seen.turn},
                       {"exit_code", &seen.exit_code},
                       {"stdout", &seen.out},
                       {"stderr", &seen.err},
                       {"encoding", &seen.encoding},
                       {"duration_ms", &seen.duration},
                       {"metadata", &seen.metadata}});
  return seen;
}

std::string quoted(std::string_view text) {
  return text.empty() ? std::string() : json_string(text);
}

std::string id_in(JsonView value) {
  std::optional<std::string> id = value.string();
  return id && is_saop_id(*id) ? std::move(*id) : std::string();
}

// Members of which each stands once.  Names and strings are written anew: whoever
// compares texts finds one spelling.
class Metadata {
 public:
  // What actions, thoughts and observations say alike.
  Metadata(const Seen& seen, const EnvelopeFacts& facts) {
    add("agent_id", facts.agent_id);
    add("agent_role", seen.role);
    add("thread_id", seen.thread);
    add("turn_index", seen.turn);
    add("tool_name", facts.tool);
  }
  Metadata(const Metadata&) = delete;
  Metadata& operator=(const Metadata&) = delete;

  void add(std::string_view name, JsonView value) {
    if (!value.present() || std::ranges::find(names_, name) != names_.end()) return;
    names_.emplace_back(name);
    if (value.is_string())
      members_.text(name, value.string().value_or(""));
    else
      members_.json(name, value.text());
  }
  void add(std::string_view name, std::string_view text) {
    if (!text.empty()) add(name, JsonView(json_string(text)));
  }
  void add_all(JsonView from) {
    if (from.text().size() > kMaxSpanMetadata) return;
    from.each_member([this](const std::string& name, JsonView value) { add(name, value); });
  }
  // Empty when it would be larger than a row's may be.
  std::string text() {
    members_.end();
    return text_.size() > kMaxSpanMetadata ? std::string() : std::move(text_);
  }

 private:
  std::string text_;
  MemberWriter members_{text_};
  std::vector<std::string> names_;
};

std::string stamp_of(const EnvelopeFacts& facts) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  return facts.timestamp_ns == 0 ? std::string() : quoted(iso_of_ms(facts.timestamp_ns / kNsPerMs));
}

// Of the entry, of its task (SAOP 5), or its own.
std::string trace_of(const SpanSource& entry, const Seen& seen, std::string_view own) {
  if (std::string trace = id_in(seen.trace); !trace.empty()) return trace;
  if (entry.facts.task_id.empty()) return std::string(own);
  const std::string_view epoch = entry.id.substr(0, entry.id.rfind('-'));
  return sha256_hex(std::string(epoch) + ":" + entry.facts.task_id).substr(0, kTraceIdDigits);
}

Span begin(const SpanSource& entry, const Seen& seen, std::string_view id, bool opens) {
  Span span;
  span.opens = opens;
  span[C::id] = quoted(id);
  span[C::conversation_id] = quoted(entry.facts.task_id);
  span[C::trace_id] = quoted(trace_of(entry, seen, id));
  span[C::parent_trace_id] = quoted(id_in(seen.parent));
  span[C::span_id] = quoted(id_in(seen.span));
  span[C::session_tag] = quoted(entry.facts.session_id);
  return span;
}

std::string call_id(const Seen& seen) {
  std::string id = id_in(seen.call);
  return id.empty() ? id_in(seen.payload["tool_call"]["tool_call_id"]) : id;
}

void name_call(Span& span, const EnvelopeFacts& facts) {
  span[C::span_name] = quoted(facts.tool.empty() ? "tools/call" : "tools/call " + facts.tool);
  span[C::operation_type] = R"("tool_call")";
}

Span action_span(const SpanSource& entry, const Seen& seen) {
  const std::string id = call_id(seen);
  Span span = begin(entry, seen, id.empty() ? entry.id : id, true);
  name_call(span, entry.facts);
  const JsonView call = seen.payload["tool_call"];
  span[C::start_time] = stamp_of(entry.facts);
  span[C::status] = R"("running")";
  span[C::input_data] = call["arguments"].text();
  Metadata metadata(seen, entry.facts);
  metadata.add("server", call["server"]);
  span[C::metadata] = metadata.text();
  return span;
}

std::string output_of(const Seen& seen) {
  std::string out;
  MemberWriter(out)
      .json_if("stdout", seen.out.text())
      .json_if("stderr", seen.err.text())
      .json_if("encoding", seen.encoding.text())
      .json_if("exit_code", seen.exit_code.text())
      .json_if("structured_content", seen.payload["result"]["structured_content"].text())
      .end();
  return out;
}

// What went wrong in its own words, the beginning of it.
std::string words_of(const Seen& seen) {
  for (const JsonView place : {seen.err, seen.out})
    if (const std::string text = place.string().value_or(""); !text.empty())
      return quoted(utf8_prefix(text, kPreviewBytes));
  return {};
}

std::optional<Span> observation_span(const SpanSource& entry, const Seen& seen) {
  const std::string id = call_id(seen);
  if (id.empty()) return std::nullopt;  // of no call one could name
  const EnvelopeFacts& facts = entry.facts;
  const bool good =
      facts.status.empty() ? seen.exit_code.integer().value_or(0) == 0 : facts.status == "SUCCESS";
  Span span = begin(entry, seen, id, false);
  name_call(span, facts);
  span[C::end_time] = stamp_of(facts);
  if (facts.duration_ms) span[C::duration_ms] = seen.duration.text();
  span[C::output_data] = output_of(seen);
  Metadata metadata(seen, facts);
  metadata.add_all(seen.metadata);
  span[C::metadata] = metadata.text();
  span[C::status] = good                          ? R"("completed")"
                    : facts.status == "CANCELLED" ? R"("cancelled")"
                                                  : R"("failed")";
  if (good) return span;
  span[C::error_message] = words_of(seen);
  span[C::error_type] = quoted(facts.status);
  return span;
}

Span thought_span(const SpanSource& entry, const Seen& seen) {
  const std::string id = id_in(seen.thought);
  Span span = begin(entry, seen, id.empty() ? entry.id : id, true);
  span[C::span_name] = span[C::operation_type] = R"("thought")";
  span[C::start_time] = span[C::end_time] = stamp_of(entry.facts);
  span[C::duration_ms] = "0";
  span[C::output_data] = seen.payload.text();
  span[C::metadata] = Metadata(seen, entry.facts).text();
  span[C::status] = R"("completed")";
  return span;
}

std::optional<Span> task_span(const SpanSource& entry, const Seen& seen) {
  const std::string& event = entry.facts.name;
  const bool starts = event == "TASK_STARTED";
  const std::string_view end = event == "TASK_COMPLETED"   ? R"("completed")"
                               : event == "TASK_FAILED"    ? R"("failed")"
                               : event == "TASK_CANCELLED" ? R"("cancelled")"
                                                           : "";
  const std::string trace = trace_of(entry, seen, {});
  if ((!starts && end.empty()) || trace.empty()) return std::nullopt;
  Span span = begin(entry, seen, trace, starts);
  span[C::operation_type] = R"("task")";
  if (starts) {
    const std::optional<std::string> title = seen.payload["title"].string();
    span[C::span_name] =
        json_string(title && !title->empty() ? utf8_prefix(*title, kMaxSpanName) : "task");
    span[C::start_time] = stamp_of(entry.facts);
    span[C::status] = R"("running")";
    return span;
  }
  span[C::end_time] = stamp_of(entry.facts);
  span[C::output_data] = seen.payload["result"].text();
  for (const char* why : {"error", "reason"})
    if (const std::string words = seen.payload[why].string().value_or(""); !words.empty())
      span[C::error_message] = quoted(utf8_prefix(words, kPreviewBytes));
  span[C::status] = end;
  return span;
}

std::optional<Span> sent_span(const SpanSource& entry, const Seen& seen) {
  const JsonView sent = seen.payload["span"];
  BadField bad;
  check_sent_span(sent, bad);  // `POST /trace/publish` asks for less
  if (!bad.field.empty()) return std::nullopt;
  Span span = span_of_sent(sent, !seen.payload["update"].boolean().value_or(false));
  if (span.opens && span[C::start_time].empty()) span[C::start_time] = stamp_of(entry.facts);
  return span;
}

std::optional<Span> told_by(const SpanSource& entry) {
  const std::string& type = entry.facts.type;
  if (type == "action") return action_span(entry, look(entry.body));
  if (type == "observation") return observation_span(entry, look(entry.body));
  if (type == "thought") return thought_span(entry, look(entry.body));
  if (type == "lifecycle") return task_span(entry, look(entry.body));
  if (type == kSpanType) return sent_span(entry, look(entry.body));
  return std::nullopt;
}

}  // namespace

std::string_view name_of(SpanColumn column) {
  return kColumns[static_cast<std::size_t>(column)].name;
}

SpanValue value_of(SpanColumn column) {
  return kColumns[static_cast<std::size_t>(column)].value;
}

std::optional<Span> span_of(const SpanSource& entry) {
  std::optional<Span> span = told_by(entry);
  if (!span) return span;
  const std::string_view owner = owner_in(entry.topics);
  (*span)[C::user_id] = quoted(owner.empty() ? kOpenHouseUser : owner);
  (*span)[C::updated_at] = stamp_of(entry.facts);
  if (span->opens) (*span)[C::created_at] = (*span)[C::updated_at];
  return span;
}

void append_row(std::string& out, const Span& span) {
  MemberWriter members(out);
  each_span_column([&members, &span](SpanColumn column) {
    if (!span[column].empty())
      members.json(name_of(column), span[column]);
    else if (span.opens)
      members.json(name_of(column), "null");
  });
  members.end();
}

}  // namespace devs
