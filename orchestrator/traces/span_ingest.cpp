#include "orchestrator/traces/span_ingest.h"

#include <chrono>
#include <utility>

#include "orchestrator/query/query_routes.h"
#include "orchestrator/query/sent_span.h"
#include "protocol/envelope_writer.h"
#include "protocol/ids.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

// As /trace/publish waits.
constexpr auto kStoredWithin = std::chrono::seconds(30);
// Of the span alone: its envelope is three deeper.
constexpr JsonBounds kSpanJson{kMaxSpanBody, 60, 100'000, kMaxSpanBody, 256, 64};

// The columns that are topics of an entry, where they are ids of its grammar.
std::string id_in(JsonView span, SpanColumn column) {
  std::string id = span[name_of(column)].string().value_or("");
  return is_saop_id(id) ? id : std::string();
}

EncodedEnvelope encode_span(JsonView span, bool update) {
  EncodedEnvelope encoded;
  std::string& out = encoded.body;
  MemberWriter members(out);
  members.text("type", kSpanType)
      .text("schema_version", "1.0.0")
      .json("timestamp_ns", "\"" + std::string(kStampDigits, '0') + "\"");
  encoded.stamp_at = out.size() - 1 - kStampDigits;
  members.text_if("session_id", id_in(span, SpanColumn::session_tag))
      .text_if("task_id", id_in(span, SpanColumn::conversation_id))
      .text("trace_id", id_in(span, SpanColumn::trace_id))
      .text("span_id", id_in(span, SpanColumn::span_id));
  members.begin("payload");
  MemberWriter(out).boolean("update", update).json("span", span.text()).end();
  members.end();
  return encoded;
}

HttpAnswer try_again(std::string_view error) {
  HttpAnswer answer = json_answer(503, R"({"error":")" + std::string(error) + "\"}");
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

HttpAnswer not_published(const Status& why) {
  if (why.code() == Code::unavailable) return try_again("RECORDER_UNAVAILABLE");
  if (why.code() == Code::resource_exhausted) return try_again("TRACE_FULL");
  return answer_of(why);
}

}  // namespace

SpanIngest::SpanIngest(TraceStreamBus& bus, StoredWaiters& waiters, const TraceQueries& queries,
                       const Clock& clock, Metrics& metrics)
    : bus_(bus),
      waiters_(waiters),
      queries_(queries),
      clock_(clock),
      sent_(metrics.counter("spans_sent_total")),
      bad_(metrics.counter("spans_refused_total", "reason=\"bad_request\"")),
      too_many_(metrics.counter("spans_refused_total", "reason=\"rate\"")) {
}

void SpanIngest::handle(Exchange& exchange) {
  const Result<std::string> text = compact_json(exchange.body(), kSpanJson);
  BadField bad;
  if (!text.ok())
    bad = {"body", text.status().message()};
  else
    check_sent_span(JsonView(*text), bad);
  if (!bad.field.empty()) {
    bad_.add();
    return exchange.respond(bad_field(bad));
  }
  const Principal& caller = exchange.principal();
  if (const auto wait = rate_.take({caller.name}, clock_.steady())) {
    too_many_.add();
    return exchange.respond(rate_limited(rate_.options(), *wait));
  }
  const JsonView span(*text);
  const std::string id = id_of_sent_span(span), topics = owner_topic(caller);
  const std::string key = topics + '\n' + id;
  Draft draft =
      draft_of(encode_span(span, known_.has(key) || knows(id, std::string(owner_in(topics)))));
  draft.topics = topics;
  const Result<Sequence> sequence = bus_.publish(std::move(draft));
  if (!sequence.ok()) return exchange.respond(not_published(sequence.status()));
  known_.add(key);
  sent_.add();
  waiters_.when_stored(*sequence,
                       [owed = exchange.defer(kStoredWithin),
                        body = R"({"id":)" + json_string(id) + "}"](const Status& stored) mutable {
                         std::move(owed).send(stored.ok() ? json_answer(201, std::move(body))
                                                          : try_again("RECORDER_UNAVAILABLE"));
                       });
}

// While there is no index to ask nobody knows; then it is a row of its own.
bool SpanIngest::knows(const std::string& id, const std::string& owner) const {
  const Result<bool> known = queries_.knows_span(id, owner);
  return known.ok() && *known;
}

Status add_span_routes(RouteTable& routes, SpanIngest& ingest) {
  Route send;
  send.method = Method::post;
  send.pattern = "/api/analytics/traces";
  send.handler = [&ingest](Exchange& exchange) { ingest.handle(exchange); };
  send.max_body = kMaxSpanBody;
  send.content_types = {"application/json"};
  return routes.add(std::move(send));
}

}  // namespace devs
