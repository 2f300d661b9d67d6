#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "orchestrator/net/connection.h"

namespace devs {

namespace {

// What one reader may be sent in one turn: the others wait meanwhile.
constexpr std::size_t kStreamShare = 262'144;
constexpr std::size_t kPullBytes = 65'536;

FrameSlice last_chunk() {
  static const auto kBytes = std::make_shared<const std::string>(kLastChunk);
  return {kBytes, 0, kBytes->size()};
}

}  // namespace

std::size_t Connection::body_bytes_sent() const {
  return sent_ - std::min(sent_, stream_head_);
}

void Connection::begin_stream(StreamStart start) {
  upgraded_ = start.head.status == 101;
  chunked_ = !http_1_0_ && !upgraded_;
  if (chunked_ && is_answer() && must_close())
    start.head.headers.emplace_back("Connection", "close");
  EncodedAnswer encoded = encode_stream_head(start.head, chunked_);
  if (is_head_ || !start.provider || encoded.status != start.head.status) {
    finish_and_write(std::move(encoded));
    return;
  }
  finish_head(encoded.head, {.date = shared_.date.at(shared_.reactor.clock().wall()),
                             .close = !chunked_,
                             .cors = cors_.get(),
                             .cors_allow = &route_->cors_allow,
                             .cors_expose = &route_->cors_expose});
  set_state(State::stream);
  cors_.reset();
  stream_head_ = encoded.head.size();
  sent_ = 0;
  out_.push(std::move(encoded.head));
  provider_ = std::move(start.provider);
  fresh_ = true;
  idle_ = false;
  ended_ = false;
  provider_->attached(StreamLine(&shared_.table, id_), chunked_);
  // A client may speak before it has read that it may.
  if (!in_.empty() && !hear(std::exchange(in_, {}))) return;
  if (fin_) return on_fin();
  pump();
}

// False: that is the end.
bool Connection::hear(std::string_view bytes) {
  if (provider_->received(bytes)) return true;
  leave_stream(SseProvider::Gone::error);
  end();
  return false;
}

// Pull, send, until the provider has nothing, the socket is full, or this turn's
// share is used.
void Connection::pump() {
  std::size_t share = kStreamShare;
  std::vector<FrameSlice>& slices = shared_.table.slices();
  for (;;) {
    slices.clear();
    if ((out_.empty() || fresh_) && !ended_ && !idle_) {
      fresh_ = false;
      SseProvider::Next next = SseProvider::Next::idle;
      try {
        next = provider_->pull(slices, kPullBytes);
      } catch (...) {
        // Providers do not throw; one whose library does loses its own stream.
        shared_.metrics.counter("http_streams_failed_total").add();
        leave_stream(SseProvider::Gone::error);
        end();
        return;
      }
      idle_ = next == SseProvider::Next::idle;
      ended_ = next == SseProvider::Next::ended;
      if (slices.empty() && next == SseProvider::Next::more && out_.empty()) {
        shared_.table.wake(id_);  // it said more and gave nothing: not in this turn again
        return;
      }
      if (ended_ && chunked_) slices.push_back(last_chunk());
    }
    if (out_.empty() && slices.empty()) break;
    WriteQueue::Progress progress;
    const WriteQueue::Sent sent = out_.flush(fd_, slices, share, progress);
    sent_ += progress.bytes;
    share -= std::min(share, progress.bytes);
    shared_.stream_sends.add(progress.calls);
    if (sent == WriteQueue::Sent::broken) {
      leave_stream(SseProvider::Gone::peer);
      end();
      return;
    }
    // The time of the last progress counts only while something waits.
    const bool full = sent == WriteQueue::Sent::full;
    if (timer_.armed() ? progress.bytes > 0 : full) since_ = shared_.reactor.now();
    if (full) {
      blocked_ = true;
      if (!timer_.armed())
        shared_.reactor.timers().set(timer_, since_ + shared_.options.stream_stall);
      update_interest();
      return;
    }
    if (share == 0) {
      shared_.table.wake(id_);
      return;
    }
  }
  timer_.cancel();
  if (!ended_) return;
  provider_.reset();
  if (upgraded_) {
    must_linger_ = true;  // the peer may still be speaking: our last word must reach it
    return linger();
  }
  is_answer() && chunked_ && !must_close() ? after_written() : end();
}

// A stream that answers a POST is over like any answer, and its head says keep-alive: a
// request that is on its way must not meet a closed door.  Readers of a GET end with theirs.
bool Connection::is_answer() const {
  return route_->method == Method::post;
}

// The house closes and this one's time is over: the last chunk where it fits, so
// that the peer can tell an end from a cut.
void Connection::end_stream_now() {
  if (state_ != State::stream) return end();
  const bool at_boundary = out_.empty();
  leave_stream(SseProvider::Gone::shutdown);
  if (chunked_ && at_boundary)
    send(fd_, kLastChunk.data(), kLastChunk.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  end();
}

void Connection::on_stall() {
  const TimePoint due = since_ + shared_.options.stream_stall;
  if (shared_.reactor.now() < due) {  // it took something since
    shared_.reactor.timers().set(timer_, due);
    return;
  }
  shared_.metrics.counter("http_streams_stalled_total").add();
  cut_stream(SseProvider::Gone::stalled);
}

void Connection::close_stream() {
  if (state_ == State::stream && provider_) cut_stream(SseProvider::Gone::shutdown);
}

// REQUIRES: a stream.
void Connection::cut_stream(SseProvider::Gone why) {
  // Not even the head went out: there is nothing to say it in.
  if (sent_ == 0) {
    leave_stream(why);
    return end();
  }
  const WriteQueue::Rest rest = out_.rest_of_frame();
  if (const std::string words = provider_->last_words(rest.end); !words.empty()) {
    std::string bytes(rest.bytes);
    bytes += words;
    if (chunked_) bytes += kLastChunk;
    send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  leave_stream(why);
  end();
}

void Connection::leave_stream(SseProvider::Gone why) {
  if (state_ != State::stream || !provider_) return;
  const std::unique_ptr<SseProvider> provider = std::move(provider_);
  provider->detached(why);
}

}  // namespace devs
