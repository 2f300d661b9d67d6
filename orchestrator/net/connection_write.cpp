#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

#include "orchestrator/net/connection.h"

namespace devs {

namespace {

constexpr std::size_t kWriteShare = 1u << 20u;  // per turn and connection

}  // namespace

LoadLevel::Level FrontShared::level() {
  const LoadLevel::Level now =
      load.update(table.connections() - std::min(lingering, table.connections()), table.streams(),
                  options.max_connections);
  shedding.store(now == LoadLevel::Level::shed, std::memory_order_relaxed);
  return now;
}

void FrontShared::count_refusal(int status, std::string_view reason) {
  metrics
      .counter("http_refused_total",
               "code=\"" + std::to_string(status) + "\",reason=\"" + std::string(reason) + "\"")
      .add();
}

void FrontShared::count_dropped(std::string_view reason) {
  metrics.counter("http_answers_dropped_total", "reason=\"" + std::string(reason) + "\"").add();
}

void Connection::refuse(int status, std::string_view reason) {
  if (status == 0) {
    shared_.count_refusal(status, reason);
    end();
    return;
  }
  refuse_with(refusal_answer(status, reason), reason);
}

// The peer may still be sending: the answer must not be overtaken by the reset
// that closing over unread bytes would cause.
void Connection::refuse_with(HttpAnswer answer, std::string_view reason) {
  shared_.count_refusal(answer.status, reason);
  answer.close = true;
  must_linger_ = true;
  incoming_.reset();
  cors_.reset();
  finish_and_write(encode_answer(std::move(answer), shared_.options.max_answer_bytes));
}

void Connection::shed() {
  shared_.count_refusal(503, "shed");
  must_linger_ = true;
  close_after_ = true;
  incoming_.reset();
  write(shared_.canned.next(), {});
}

void Connection::release_body() {
  shared_.bodies -= budget_held_;
  budget_held_ = 0;
}

void Connection::finish_and_write(EncodedAnswer answer) {
  close_after_ = close_after_ || answer.close || must_close();
  finish_head(answer.head, {.date = shared_.date.at(shared_.reactor.clock().wall()),
                            .close = close_after_,
                            .cors = cors_.get(),
                            .cors_allow = route_ ? &route_->cors_allow : nullptr,
                            .cors_expose = route_ ? &route_->cors_expose : nullptr});
  if (is_head_) answer.body.clear();
  write(std::move(answer.head), std::move(answer.body));
}

void Connection::write(std::string head, std::string body) {
  set_state(State::writing);
  release_body();
  const std::size_t bytes = head.size() + body.size();
  if (shared_.answers + bytes > shared_.options.answer_budget) {
    // Peers that take their answers slowly hold all we have: this one asks again.
    shared_.count_refusal(503, "answer_budget");
    close_after_ = true;
    head = shared_.canned.next();
    body.clear();
  }
  answer_held_ = head.size() + body.size();
  shared_.answers += answer_held_;
  out_.push(std::move(head));
  out_.push(std::move(body));
  deadline_ = since_ + shared_.options.write_limit;
  flush_answer();
}

void Connection::flush_answer() {
  if (state_ != State::writing) return;
  WriteQueue::Progress progress;
  const WriteQueue::Sent sent = out_.flush(fd_, kWriteShare, progress);
  if (progress.bytes > 0) since_ = shared_.reactor.now();
  switch (sent) {
    case WriteQueue::Sent::broken:
      end();
      return;
    case WriteQueue::Sent::full:
      blocked_ = true;
      if (!timer_.armed())
        shared_.reactor.timers().set(timer_,
                                     std::min(since_ + shared_.options.write_stall, deadline_));
      return;
    case WriteQueue::Sent::all:
      break;
  }
  if (out_.empty())
    after_written();
  else
    shared_.table.wake(id_);
}

void Connection::after_written() {
  shared_.answers -= answer_held_;
  answer_held_ = 0;
  is_head_ = false;
  http_1_0_ = false;
  route_ = nullptr;
  cors_.reset();
  if (close_after_ || shared_.stopping.load(std::memory_order_relaxed)) {
    linger();
    return;
  }
  park();
}

void Connection::park() {
  if (in_.empty() && (fin_ || shared_.closing.load(std::memory_order_relaxed))) {
    end();
    return;
  }
  set_state(State::parked);
  shared_.reactor.timers().set(timer_, since_ + shared_.options.parked_deadline);
  if (in_.empty())
    std::string().swap(in_);
  else
    shared_.table.wake(id_);  // not from here: a hundred pipelined requests are no recursion
}

// Nothing the peer does not take now will ever reach it.
void Connection::reset() {
  shared_.count_dropped("stalled");
  const struct linger hard { .l_onoff = 1, .l_linger = 0 };
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  end();
}

// The client hung up, and hanging up cancels.  The answer counts as dropped when it comes.
void Connection::abandon() {
  tell_gone();
  end();
}

void Connection::tell_gone() {
  if (on_gone_) shared_.reactor.post(std::move(on_gone_));
  on_gone_ = Work();
}

// What a call keeps of the body is within the call's own bounds.
void Connection::take_over(CorsGrant cors) {
  release_body();
  cors_ = cors.origin.empty() ? nullptr : std::make_unique<CorsGrant>(std::move(cors));
}

void Connection::outcome(Outcome outcome) {
  if (state_ != State::running) return;
  take_over(std::move(outcome.cors));
  if (outcome.kind == Outcome::Kind::streaming) {
    begin_stream(std::move(outcome.stream));
  } else {
    close_after_ = close_after_ || outcome.close;
    write(std::move(outcome.head), std::move(outcome.body));
  }
  update_interest();
}

void Connection::defer(Deferral deferral) {
  if (state_ != State::running) return;
  take_over(std::move(deferral.cors));
  set_state(State::deferred);
  on_gone_ = std::move(deferral.on_gone);
  cancel_on_fin_ = deferral.cancel_on_fin;
  deadline_ = since_ + deferral.limit;
  shared_.reactor.timers().set(timer_, deadline_);
  if (fin_) on_fin();
  update_interest();
}

void Connection::deliver(EncodedAnswer answer) {
  if (!await_over()) return;
  finish_and_write(std::move(answer));
  update_interest();
}

void Connection::deliver(StreamStart start) {
  if (!await_over()) return;
  begin_stream(std::move(start));
  update_interest();
}

bool Connection::await_over() {
  if (state_ != State::deferred) {
    shared_.count_dropped("late");
    return false;
  }
  on_gone_ = Work();
  cancel_on_fin_ = false;
  return true;
}

}  // namespace devs
