#include "orchestrator/streams/sse_stream.h"

#include <algorithm>
#include <utility>

#include "orchestrator/streams/control_frames.h"
#include "orchestrator/streams/hub_core.h"
#include "protocol/sse_frame.h"

namespace devs {

SseStream::SseStream(HubCore& hub, const StreamProfile& profile, Start start,
                     Admissions::Slot slot)
    : hub_(hub),
      profile_(profile),
      id_(start.id),
      slot_(std::move(slot)),
      start_(std::make_unique<Start>(std::move(start))),
      next_(start_->next),
      last_id_(next_ - 1),
      heartbeat_([this] { on_heartbeat(); }) {
  link_.reader = this;
}

SseStream::~SseStream() {
  leave();
}

void SseStream::attached(StreamLine line, bool chunked) {
  line_ = line;
  chunked_ = chunked;
  group_ = hub_.join(*this, start_->filter, profile_, chunked, next_);
  const auto period = std::min(profile_.heartbeat_period, hub_.options().heartbeat);
  beat_at_ = hub_.reactor().now() + period;
  hub_.reactor().timers().set(heartbeat_, beat_at_);
  if (hub_.leaving()) goodbye_retry_ms_ = hub_.goodbye_retry_ms();
  line_.wake();
}

SseProvider::Next SseStream::pull(std::vector<FrameSlice>& out, std::size_t max_bytes) {
  link_.unlink();
  surely_sent_ = next_ - 1;  // a connection pulls when it has sent what it was given
  const std::size_t limit = given_ + max_bytes;
  if (start_) open_with(out);
  if (std::exchange(beat_due_, false)) beat(out);

  auto supply = HubCore::Supply::frames;
  while (given_ < limit) {
    FrameBatch::Taken taken;
    supply = hub_.supply(*this, group_, next_, limit - given_, taken);
    if (fetched_ && next_ > fetched_->last) fetched_ = nullptr;
    if (supply != HubCore::Supply::frames) break;
    last_id_ = taken.last_id;
    add(out, std::move(taken.slice));
  }
  if (goodbye_retry_ms_ != 0) {
    std::string frame;
    append_goodbye_frame(frame, goodbye_retry_ms_,
                         id_text(hub_.position(*group_, next_)));
    add(out, frame);
    return Next::ended;
  }
  if (supply == HubCore::Supply::at_head) group_->waiting.push_back(link_);
  return supply == HubCore::Supply::frames ? Next::more : Next::idle;
}

// First frames, `retry:`, then what the resume rules have to say.
void SseStream::open_with(std::vector<FrameSlice>& out) {
  std::string frames(profile_.first);
  if (const unsigned retry = hub_.options().retry_ms; retry != 0)
    append_sse_frame(frames, {.id = {}, .event = {}, .data = {}, .retry_ms = retry,
                              .has_data = false});
  frames += start_->frames;
  add(out, frames);
  start_ = nullptr;
}

// The position first, so that a client that sees nothing for hours still resumes
// from where the log is now.
void SseStream::beat(std::vector<FrameSlice>& out) {
  std::string frames;
  const Sequence position = hub_.position(*group_, next_);
  next_ = position + 1;
  if (hub_.options().checkpoint && position > last_id_) {
    append_checkpoint_frame(frames, id_text(position));
    last_id_ = position;
  }
  frames += profile_.heartbeat;
  add(out, frames);
}

void SseStream::on_heartbeat() {
  const auto period = std::min(profile_.heartbeat_period, hub_.options().heartbeat);
  const TimePoint now = hub_.reactor().now();
  beat_at_ += period;
  if (beat_at_ <= now) beat_at_ = now + period;
  hub_.reactor().timers().set(heartbeat_, beat_at_);
  if (line_.bytes_sent() < given_) {
    hub_.skipped_heartbeats().add();  // behind unsent bytes it would say nothing
    return;
  }
  beat_due_ = true;
  line_.wake();
}

void SseStream::take_fetched(FrameBatchPtr batch) {
  fetched_ = std::move(batch);
  line_.wake();
}

void SseStream::part(unsigned retry_ms) {
  goodbye_retry_ms_ = retry_ms;
  line_.wake();
}

std::string SseStream::last_words() {
  const bool all_sent = line_.bytes_sent() >= given_;
  std::string frame, words;
  append_evicted_frame(frame, "stalled", id_text(all_sent ? next_ - 1 : surely_sent_));
  if (!chunked_) return frame;
  append_chunk(words, frame);
  return words;
}

void SseStream::detached(Gone) {
  leave();
}

void SseStream::leave() {
  if (!group_) return;
  link_.unlink();
  heartbeat_.cancel();
  fetched_ = nullptr;
  hub_.leave(*this, group_);
  group_ = nullptr;
}

void SseStream::add(std::vector<FrameSlice>& out, FrameSlice slice) {
  given_ += slice.size;
  out.push_back(std::move(slice));
}

void SseStream::add(std::vector<FrameSlice>& out, std::string_view frames) {
  auto bytes = std::make_shared<std::string>();
  if (chunked_) {
    append_chunk(*bytes, frames);
  } else {
    *bytes = frames;
  }
  const std::size_t size = bytes->size();
  add(out, FrameSlice{std::move(bytes), 0, size});
}

std::string SseStream::id_text(Sequence sequence) const {
  return encode_event_id(hub_.epoch(), sequence);
}

}  // namespace devs
