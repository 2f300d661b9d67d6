#include "orchestrator/net/exchange.h"

#include <cassert>
#include <utility>

#include "orchestrator/net/front_core.h"

namespace devs {

DeferredAnswer::DeferredAnswer(DeferredAnswer&& other) noexcept
    : front_(std::move(other.front_)), to_(other.to_), owed_(std::exchange(other.owed_, false)) {
}

DeferredAnswer& DeferredAnswer::operator=(DeferredAnswer&& other) noexcept {
  if (this == &other) return *this;
  abandon();
  front_ = std::move(other.front_);
  to_ = other.to_;
  owed_ = std::exchange(other.owed_, false);
  return *this;
}

DeferredAnswer::~DeferredAnswer() {
  abandon();
}

void DeferredAnswer::abandon() {
  if (owed_) std::move(*this).send(error_answer(500, "INTERNAL", "abandoned"));
}

void DeferredAnswer::send(HttpAnswer answer) && {
  assert(owed_ && "one answer, once");
  owed_ = false;
  if (const std::shared_ptr<FrontCore> front = front_.lock()) front->send(to_, std::move(answer));
}

void DeferredAnswer::stream(StreamStart start) && {
  assert(owed_ && "one answer, once");
  owed_ = false;
  if (const std::shared_ptr<FrontCore> front = front_.lock()) front->stream(to_, std::move(start));
}

Exchange::Exchange(HttpFront& front, ConnectionId connection, RequestHead head, std::string body,
                   TimePoint received)
    : front_(front.core_),
      connection_(connection),
      head_(std::move(head)),
      body_(std::move(body)),
      received_(received) {
}

Exchange::~Exchange() = default;

void Exchange::on_gone(Work work) {
  on_gone_ = std::move(work);
}

void Exchange::respond(HttpAnswer answer) {
  assert(outcome_ == Outcome::none && "one answer, once");
  if (outcome_ != Outcome::none) return;
  answer_ = std::move(answer);
  outcome_ = Outcome::responded;
}

void Exchange::stream(StreamStart start) {
  assert(outcome_ == Outcome::none && "one answer, once");
  if (outcome_ != Outcome::none) return;
  stream_ = std::move(start);
  outcome_ = Outcome::streaming;
}

DeferredAnswer Exchange::defer(Duration limit) {
  assert(outcome_ == Outcome::none && "one answer, once");
  outcome_ = Outcome::deferred;
  // Said before anybody can answer, so that the answer finds it said.
  if (const std::shared_ptr<FrontCore> front = front_.lock())
    front->defer(connection_, {limit, std::move(cors_), std::move(on_gone_), cancel_on_fin_});
  return DeferredAnswer(front_, connection_);
}

}  // namespace devs
