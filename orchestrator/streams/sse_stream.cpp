#include "orchestrator/streams/sse_stream.h"

#include <string>
#include <utility>

#include "orchestrator/streams/control_event.h"
#include "orchestrator/streams/hub_core.h"
#include "protocol/sse_frame.h"

namespace devs {

SseProvider::Next SseStream::pull(std::vector<FrameSlice>& out, std::size_t max_bytes) {
  begin_pull();
  const std::size_t limit = given_ + max_bytes;
  if (start_) open_with(out);
  if (take_beat()) beat(out);
  if (const auto unrecorded = take_put()) add(out, *unrecorded);

  Supply got = Supply::frames;
  bool final = false;
  while (given_ < limit && !final) {
    FrameBatch::Taken taken;
    got = take(limit - given_, taken);
    if (got != Supply::frames) break;
    final = taken.final;
    add(out, std::move(taken.slice));
  }
  final = final || (through_ != 0 && position() >= through_);
  if (got == Supply::over) {
    const TimedReplay::Options& timed = timed_->options();
    add(out, replay_end_event(id_text(timed.from), id_text(timed.through)));
  } else if (parting() && !final) {
    std::string frame;
    append_farewell(frame, position());
    add(out, frame);
  }
  ended_ = parting() || got == Supply::over || final;
  return end_pull(got);
}

// First frames, `retry:`, then what the resume rules have to say.
void SseStream::open_with(std::vector<FrameSlice>& out) {
  std::string frames = hub_.fill(start_->first, profile_);
  if (const unsigned retry = hub_.options().retry_ms; retry != 0)
    append_sse_frame(frames,
                     {.id = {}, .event = {}, .data = {}, .retry_ms = retry, .has_data = false});
  frames += start_->frames;
  add(out, frames);
  start_ = nullptr;
}

// The position first, so that a client that sees nothing for hours still resumes
// from where the log is now.
void SseStream::beat(std::vector<FrameSlice>& out) {
  std::string frames;
  const Sequence here = position();
  next_ = here + 1;
  if (hub_.options().checkpoint && here > last_id_) {
    append_checkpoint_frame(frames, id_text(here));
    last_id_ = here;
  }
  frames += hub_.fill(profile_.heartbeat, profile_);
  add(out, frames);
}

}  // namespace devs
