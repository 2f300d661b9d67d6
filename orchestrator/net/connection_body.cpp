// A request's body: collected within its limits and its time, then handed over.
#include <sys/socket.h>

#include <algorithm>

#include "orchestrator/net/connection.h"

namespace devs {

namespace {

constexpr std::size_t kReserved = 65'536;  // of a declared length
constexpr std::size_t kMinRate = 1'024;    // bytes per second
constexpr std::chrono::seconds kRateWindow{5};
constexpr std::chrono::milliseconds kHangUpGrace{500};

}  // namespace

void Connection::begin_body(std::string_view after_head) {
  Request& request = *incoming_->request;
  const RequestHead& head = request.head;
  if (head.body == RequestHead::Body::none ||
      (head.body == RequestHead::Body::length && head.content_length == 0)) {
    hand_over();
    return;
  }
  if (shared_.bodies + std::min<std::uint64_t>(head.content_length, kReserved) >
      shared_.options.body_budget) {
    refuse(503, "body_budget");
    return;
  }
  set_state(State::body);
  if (head.body == RequestHead::Body::chunked)
    incoming_->chunked = std::make_unique<ChunkedBody>(route_->max_body);
  else
    request.body.reserve(std::min<std::size_t>(head.content_length, kReserved));
  incoming_->deadline = since_ + shared_.options.body_deadline;
  incoming_->window_end = since_ + 2 * kRateWindow;  // the first 5 s are free
  shared_.reactor.timers().set(timer_, std::min(incoming_->deadline, incoming_->window_end));
  if (head.expects_continue && after_head.empty())
    send(fd_, kContinue.data(), kContinue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::size_t Connection::take_body(std::string_view bytes) {
  Request& request = *incoming_->request;
  std::size_t used = 0;
  bool whole = false;
  if (incoming_->chunked) {
    const ChunkedBody::Step step = incoming_->chunked->feed(bytes, used, request.body);
    if (step == ChunkedBody::Step::refused) {
      const HttpRefusal refusal = incoming_->chunked->refusal();
      refuse(refusal.status, refusal.reason);
      return bytes.size();
    }
    whole = step == ChunkedBody::Step::done;
  } else {
    const std::size_t missing =
        static_cast<std::size_t>(request.head.content_length) - request.body.size();
    used = std::min(missing, bytes.size());
    request.body.append(bytes.substr(0, used));
    whole = used == missing;
  }
  incoming_->window += used;
  if (!hold_body_bytes()) {
    refuse(503, "body_budget");
    return bytes.size();
  }
  if (whole) hand_over();
  return used;
}

bool Connection::hold_body_bytes() {
  const std::size_t holds = incoming_->request->body.size();
  shared_.bodies += holds - budget_held_;
  budget_held_ = holds;
  return shared_.bodies <= shared_.options.body_budget;
}

void Connection::hand_over() {
  std::unique_ptr<Request> request = std::move(incoming_->request);
  incoming_.reset();
  set_state(State::running);
  request->connection = id_;
  request->received = since_;
  request->close = must_close();
  if (fin_ && hanging_up_cancels()) shared_.reactor.timers().set(timer_, since_ + kHangUpGrace);
  if (!shared_.dispatcher.try_dispatch(std::move(request))) shed();
}

void Connection::on_body_time() {
  const TimePoint now = shared_.reactor.now();
  const bool slow = now >= incoming_->window_end &&
                    incoming_->window < kMinRate * static_cast<std::size_t>(kRateWindow.count());
  if (now >= incoming_->deadline || slow) {
    refuse(408, "body");
    return;
  }
  incoming_->window = 0;
  incoming_->window_end = now + kRateWindow;
  shared_.reactor.timers().set(timer_, std::min(incoming_->deadline, incoming_->window_end));
}

}  // namespace devs
