#include "orchestrator/query/index_row.h"

#include <algorithm>
#include <cmath>

#include "orchestrator/net/principal.h"
#include "protocol/json.h"
#include "protocol/status.h"

namespace devs {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

std::string id_in(JsonView value) {
  std::optional<std::string> id = value.string();
  return id && is_saop_id(*id) ? std::move(*id) : std::string();
}

void append_word(std::string& out, std::string_view word) {
  if (word.empty() || out.size() >= kMaxIndexedText) return;
  if (!out.empty()) out += ' ';
  out += utf8_prefix(word, kMaxIndexedText - std::min(out.size(), kMaxIndexedText));
}

// The characters of a string, without unescaping megabytes of it.
void append_string(std::string& out, JsonView value) {
  if (!value.is_string()) return;
  const std::size_t room = kMaxIndexedText - std::min(out.size(), kMaxIndexedText);
  // A cut loses the character at it, no more: what stands there is no escape or no UTF-8.
  append_word(out, JsonView(value.text().substr(0, room + 2)).string().value_or(""));
}

// Every name, string and number of `value`, whatever its shape.
void append_words(std::string& out, JsonView value) {
  if (out.size() >= kMaxIndexedText) return;
  switch (value.kind()) {
    case JsonView::Kind::string:
      return append_string(out, value);
    case JsonView::Kind::number:
      return append_word(out, value.text());
    case JsonView::Kind::array:
      return value.each_element([&out](JsonView element) { append_words(out, element); });
    case JsonView::Kind::object:
      return value.each_member([&out](const std::string& name, JsonView member) {
        append_word(out, name);
        append_words(out, member);
      });
    default:
      return;
  }
}

}  // namespace

bool is_indexed(std::string_view type) {
  return type != "channel" && type != "graph";
}

std::int64_t slowness_of(double duration_ms) {
  if (!(duration_ms >= 1)) return 0;
  return std::min<std::int64_t>(std::int64_t{std::ilogb(duration_ms)} + 1, kMaxSlowness);
}

IndexRow index_row_of(const StoredLine& line) {
  JsonView payload, thread, thread_camel, call, thought, source, trace, span, parent, turn;
  JsonView exit_code, out, err;
  JsonView(line.body).pick({{"payload", &payload},
                            {"thread_id", &thread},
                            {"threadId", &thread_camel},
                            {"tool_call_id", &call},
                            {"thought_id", &thought},
                            {"source_thought_id", &source},
                            {"trace_id", &trace},
                            {"span_id", &span},
                            {"parent_span_id", &parent},
                            {"turn_index", &turn},
                            {"exit_code", &exit_code},
                            {"stdout", &out},
                            {"stderr", &err}});
  IndexRow row;
  row.sequence = line.sequence;
  row.facts = facts_of(line.body);
  row.stored_ms = line.stored_ms;
  row.at_ms = line.stored_ms != 0 ? line.stored_ms : row.facts.timestamp_ns / kNsPerMs;
  row.thread = id_in(thread.present() ? thread : thread_camel);
  row.tool_call_id = id_in(call.present() ? call : payload["tool_call"]["tool_call_id"]);
  row.thought_id = id_in(thought);
  row.source_thought_id = id_in(source);
  row.trace_id = id_in(trace);
  row.span_id = id_in(span);
  row.parent_span_id = id_in(parent);
  row.turn_index = turn.integer();
  row.topics = line.topics;
  row.owner = owner_in(line.topics);

  const bool observed = row.facts.type == "observation";
  if (observed)
    row.failed = row.facts.status.empty() ? exit_code.integer().value_or(0) != 0
                                          : row.facts.status != "SUCCESS";

  for (const std::string* word :
       {&row.facts.type, &row.facts.name, &row.facts.tool, &row.facts.status, &row.facts.task_id,
        &row.facts.session_id, &row.facts.agent_id, &row.tool_call_id, &row.thought_id})
    append_word(row.text, *word);
  // An observation says its output flat; its payload says the same once more.
  if (observed && (out.is_string() || err.is_string())) {
    append_string(row.text, err);
    append_string(row.text, out);
  } else {
    append_words(row.text, payload);
  }
  return row;
}

}  // namespace devs
