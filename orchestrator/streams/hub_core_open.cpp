// A reader comes: what it wants, whether it may, where it begins.  On http workers.
#include "orchestrator/streams/hub_core.h"

#include <algorithm>
#include <utility>

#include "orchestrator/net/websocket_handshake.h"
#include "orchestrator/streams/replay_query.h"
#include "orchestrator/streams/resume.h"
#include "orchestrator/streams/rights.h"
#include "orchestrator/streams/socket_stream.h"
#include "orchestrator/streams/sse_stream.h"
#include "orchestrator/streams/stream_query.h"

namespace devs {
namespace {

HttpAnswer stopping() {
  HttpAnswer answer = error_answer(503, "UNAVAILABLE", "shutdown");
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

// Where the reader begins, and how far it goes.  False: it has seen all there is, and
// need not come again.
bool settle_start(StreamReader::Start& start, ResumePoint& point, const StreamOpening& opening) {
  using From = ResumePoint::From;
  start.next = point.next;
  if (opening.applied) {
    point.reset.reset();
    start.next = *opening.applied + 1;
  } else if (start.timed) {
    const bool resumed = point.from == From::id;
    start.next = resumed ? std::max(point.next, start.timed->from) : start.timed->from;
    // Seen to its end: whoever came back by itself need not come again, even where the
    // end would be a later one now.
    if (point.from == From::end || (resumed && point.next > start.timed->through)) return false;
  } else if (opening.fresh_from && (point.from == From::fresh || point.from == From::reset)) {
    start.next = *opening.fresh_from;
  }
  if (!opening.ended_at) return true;
  start.through = *opening.ended_at;
  return point.from != From::now && (point.from != From::id || point.next <= start.through);
}

}  // namespace

HttpAnswer HubCore::stream_head(const RequestHead& request, const StreamProfile& profile,
                                Sequence head) const {
  HttpAnswer answer;
  if (profile.websocket) {
    answer = websocket_accepted(request);
  } else {
    answer.type = ContentType::sse;
    answer.headers = {{"Cache-Control", std::string(profile.cache_control)},
                      {"X-Accel-Buffering", "no"}};
  }
  answer.headers.emplace_back("X-Head-Event-Id", encode_event_id(epoch(), head));
  return answer;
}

void HubCore::open(Exchange& exchange, const StreamProfile& profile, const StreamOpener& opener) {
  const RequestHead& request = exchange.head();
  const Principal& reader = exchange.principal();
  BadParameter bad;
  StreamOpening opening;
  opening.filter = profile.topic.empty() ? filter_of(request, profile.ids_are_uuids, bad)
                                         : topic_filter_of(request, profile.topic, reader, bad);
  // From here on nothing is missed: a reader is its sequence.
  const Sequence head = bus_.head();
  StreamReader::Start start;
  if (profile.timed && bad.field.empty())
    start.timed = replay_of(request, *log_, epoch(), head, bad);
  if (profile.websocket) start.batch = batch_of(request, bad);
  if (!bad.field.empty()) return exchange.respond(bad_parameter(bad));
  if (profile.operators_only && !reader.is_operator)
    return exchange.respond(error_answer(403, "FORBIDDEN", "scope"));
  if (opener)
    if (auto refusal = opener(exchange, opening)) return exchange.respond(std::move(*refusal));
  if (auto refusal = narrow_to_rights(reader, opening.filter))
    return exchange.respond(std::move(*refusal));

  if (profile.websocket)
    if (auto refusal = websocket_refusal(request)) return exchange.respond(std::move(*refusal));
  HttpAnswer answer = stream_head(request, profile, head);
  if (request.method == Method::head) return exchange.stream({std::move(answer), nullptr});
  ResumePoint point = resume_point(request, {epoch(), log_->oldest(), head});
  if (!settle_start(start, point, opening)) return exchange.respond({.status = 204});
  if (closed_.load(std::memory_order_acquire)) {
    HttpAnswer refusal = stopping();
    metrics_.refused(refusal.status).add();
    return exchange.respond(std::move(refusal));
  }
  auto admitted =
      admissions_->admit(reader, request.peer_address, profile.key, profile.max_clients);
  if (auto* refusal = std::get_if<HttpAnswer>(&admitted)) {
    metrics_.refused(refusal->status).add();
    return exchange.respond(std::move(*refusal));
  }
  metrics_.opened.add();
  start.id = last_reader_.fetch_add(1) + 1;
  start.head = head;
  start.principal = reader;
  start.filter = std::move(opening.filter);
  start.first = fill_params(opening.first.value_or(profile.first), request.params);
  if (point.reset) {
    metrics_.resets.add();
    projector_->find(profile.projection)->append_control(*point.reset, start.frames);
  }
  start.frames += opening.frames;
  if (opening.joined) start.guest = opening.joined(stream_id(start.id));
  answer.headers.emplace_back("X-Stream-Id", stream_id(start.id));
  auto slot = std::get<Admissions::Slot>(std::move(admitted));
  std::unique_ptr<SseProvider> stream;
  if (profile.websocket) {
    stream = std::make_unique<SocketStream>(*this, profile, std::move(start), std::move(slot));
  } else {
    stream = std::make_unique<SseStream>(*this, profile, std::move(start), std::move(slot));
  }
  exchange.stream({std::move(answer), std::move(stream)});
}

}  // namespace devs
