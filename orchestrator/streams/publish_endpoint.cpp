#include "orchestrator/streams/publish_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "orchestrator/streams/idempotency.h"
#include "orchestrator/streams/publish_census.h"
#include "orchestrator/streams/published_body.h"
#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::size_t kMaxKeyBytes = 128;
// A disk that has not taken an entry by then is refusing; the entry stays in line.
constexpr auto kStoredWithin = std::chrono::seconds(30);

enum class Format { json, ndjson, other };

Format format_of(const RequestHead& head) {
  std::string type(head.field("content-type").substr(0, head.field("content-type").find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (type == "application/json") return Format::json;
  return type == "application/x-ndjson" ? Format::ndjson : Format::other;
}

std::string errors_of(const PublishedBody& body, Format format) {
  std::string errors = "\"errors\":[";
  for (const PublishedBody::Refused& each : body.refused) {
    if (errors.back() != '[') errors += ',';
    if (format == Format::ndjson) {
      // The path goes into the sentence: a line has no other place for it.
      const std::string message =
          each.path.empty() ? each.message : each.path + ": " + each.message;
      errors += fmt::format(R"({{"line":{},"message":{}}})", each.place, json_string(message));
    } else {
      errors += fmt::format(R"({{"index":{},"path":{},"message":{}}})", each.place,
                            json_string(each.path), json_string(each.message));
    }
  }
  return errors + ']';
}

HttpAnswer refused(const PublishedBody& body, Format format) {
  return json_answer(400, fmt::format(R"({{"error":"SAOP_REFUSED",{}}})", errors_of(body, format)));
}

HttpAnswer try_again(std::string_view error) {
  HttpAnswer answer = json_answer(503, fmt::format(R"({{"error":"{}"}})", error));
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

HttpAnswer not_published(const Status& why) {
  if (why.code() == Code::unavailable) return try_again("RECORDER_UNAVAILABLE");
  if (why.code() == Code::resource_exhausted) return try_again("TRACE_FULL");
  return answer_of(why);
}

// Everything but the last brace: a repeat says one thing more.
std::string accepted(std::string_view epoch, Sequence first, std::size_t count,
                     const PublishedBody& body, Format format) {
  std::string text = fmt::format("{{\"accepted\":{}", count);
  if (format == Format::ndjson) text += fmt::format(",\"rejected\":{}", body.refused.size());
  text += ",\"ids\":[";
  for (std::size_t at = 0; at < count; ++at) {
    if (at > 0) text += ',';
    text += '"' + encode_event_id(epoch, first + at) + '"';
  }
  text += ']';
  if (format == Format::ndjson) text += ',' + errors_of(body, format);
  return text;
}

}  // namespace

class PublishEndpoint::Impl {
 public:
  Impl(Epoch epoch, TraceStreamBus& bus, StoredWaiters& waiters, const Clock& clock, Log& log,
       Metrics& metrics)
      : epoch_(std::move(epoch)),
        bus_(bus),
        waiters_(waiters),
        published_(metrics.counter("saop_published_total")),
        refused_(metrics.counter("saop_refused_total")),
        census_(log, metrics),
        keys_(clock) {}

  void handle(Exchange& exchange);

 private:
  void publish(const std::string& key, DeferredAnswer answer, PublishedBody body, Format format);
  void refuse(const std::string& key, DeferredAnswer answer, const HttpAnswer& refusal);
  void answer_when_stored(DeferredAnswer answer, Sequence last, std::string text);

  const Epoch epoch_;
  TraceStreamBus& bus_;
  StoredWaiters& waiters_;
  Counter& published_;
  Counter& refused_;
  PublishCensus census_;
  IdempotencyTable keys_;
};

void PublishEndpoint::Impl::handle(Exchange& exchange) {
  const RequestHead& head = exchange.head();
  const Format format = format_of(head);
  if (format == Format::other)
    return exchange.respond(error_answer(415, "UNSUPPORTED_MEDIA_TYPE", "content_type"));

  std::string key(head.field("idempotency-key"));
  const std::size_t keys = head.count("idempotency-key");
  if (keys > 1 || (keys == 1 && (key.empty() || key.size() > kMaxKeyBytes)))
    return exchange.respond(json_answer(
        400,
        R"({"error":"BAD_REQUEST","field":"Idempotency-Key","message":"must be one value of 1 to 128 bytes"})"));

  DeferredAnswer answer = exchange.defer(kStoredWithin);
  if (keys == 1) {
    key.insert(0, exchange.principal().name + '\n');  // keys of others are no keys of ours
    IdempotencyTable::Published before;
    switch (keys_.claim(key, answer, before)) {
      case IdempotencyTable::Turn::waits:
        return;
      case IdempotencyTable::Turn::repeat:
        return answer_when_stored(std::move(answer), before.last,
                                  before.answer + ",\"duplicate\":true}");
      case IdempotencyTable::Turn::yours:
        break;
    }
  }
  PublishedBody body =
      format == Format::json ? read_json_body(exchange.body()) : read_ndjson_body(exchange.body());
  for (Draft& draft : body.drafts) draft.topics = owner_topic(exchange.principal());
  publish(key, std::move(answer), std::move(body), format);
}

void PublishEndpoint::Impl::publish(const std::string& key, DeferredAnswer answer,
                                    PublishedBody body, Format format) {
  refused_.add(body.refused.size());
  if (body.too_many)
    return refuse(key, std::move(answer),
                  json_answer(413, fmt::format(R"({{"error":"SAOP_TOO_LARGE","limit":{}}})",
                                               kMaxPublishEnvelopes)));
  if (body.drafts.empty() || (format == Format::json && !body.refused.empty()))
    return refuse(key, std::move(answer), refused(body, format));

  for (const Draft& draft : body.drafts) census_.count(JsonView(draft.body));
  const std::size_t count = body.drafts.size();
  const Result<Sequence> first = bus_.publish_all(std::move(body.drafts));
  if (!first.ok()) return refuse(key, std::move(answer), not_published(first.status()));
  published_.add(count);

  const Sequence last = *first + count - 1;
  const std::string text = accepted(epoch_, *first, count, body, format);
  if (!key.empty())
    for (DeferredAnswer& other : keys_.settle(key, {last, text}))
      answer_when_stored(std::move(other), last, text + ",\"duplicate\":true}");
  answer_when_stored(std::move(answer), last, text + '}');
}

// Nothing was published: whoever came under the same key hears the same.
void PublishEndpoint::Impl::refuse(const std::string& key, DeferredAnswer answer,
                                   const HttpAnswer& refusal) {
  if (!key.empty())
    for (DeferredAnswer& other : keys_.give_up(key)) std::move(other).send(refusal);
  std::move(answer).send(refusal);
}

void PublishEndpoint::Impl::answer_when_stored(DeferredAnswer answer, Sequence last,
                                               std::string text) {
  waiters_.when_stored(
      last, [answer = std::move(answer), text = std::move(text)](const Status& stored) mutable {
        std::move(answer).send(stored.ok() ? json_answer(200, std::move(text))
                                           : try_again("RECORDER_UNAVAILABLE"));
      });
}

PublishEndpoint::PublishEndpoint(Epoch epoch, TraceStreamBus& bus, StoredWaiters& waiters,
                                 const Clock& clock, Log& log, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(epoch), bus, waiters, clock, log, metrics)) {
}

PublishEndpoint::~PublishEndpoint() = default;

void PublishEndpoint::handle(Exchange& exchange) {
  impl_->handle(exchange);
}

}  // namespace devs
