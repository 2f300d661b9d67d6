#include "orchestrator/streams/sse_stream.h"

#include <algorithm>
#include <utility>

#include "orchestrator/streams/control_event.h"
#include "orchestrator/streams/hub_core.h"
#include "protocol/sse_frame.h"

namespace devs {
namespace {

// From its goodbye to its end, a second at most (streams 1.4); timers come in steps.
constexpr auto kGoodbyeLimit = std::chrono::milliseconds(950);

}  // namespace

SseStream::SseStream(HubCore& hub, const StreamProfile& profile, Start start, Admissions::Slot slot)
    : hub_(hub),
      profile_(profile),
      id_(start.id),
      slot_(std::move(slot)),
      start_(std::make_unique<Start>(std::move(start))),
      next_(start_->next),
      last_id_(next_ - 1),
      through_(start_->through),
      heartbeat_([this] { on_heartbeat(); }) {
  link_.reader = this;
}

SseStream::~SseStream() {
  leave();
}

void SseStream::attached(StreamLine line, bool chunked) {
  line_ = line;
  chunked_ = chunked;
  Reactor& reactor = hub_.reactor();
  owner_ = std::make_unique<Owner>(
      Owner{std::move(start_->principal), reactor.clock().wall(), std::move(start_->guest)});
  progress_at_ = reactor.now();
  if (start_->timed)
    timed_ = std::make_unique<TimedReplay>(*start_->timed, reactor, [this] { wake(); });
  group_ = hub_.join(*this, start_->filter, profile_, chunked, next_, timed_ != nullptr);
  state_ = state_now();
  hub_.metrics().enter(state_);
  const auto period = std::min(profile_.heartbeat_period, hub_.options().heartbeat);
  beat_at_ = reactor.now() + period;
  reactor.timers().set(heartbeat_, beat_at_);
  if (hub_.leaving()) return part(hub_.goodbye_retry_ms());
  line_.wake();
}

SseProvider::Next SseStream::pull(std::vector<FrameSlice>& out, std::size_t max_bytes) {
  link_.unlink();
  surely_sent_ = next_ - 1;  // a connection pulls when it has sent what it was given
  progress_at_ = hub_.reactor().now();
  if (due_since_ != TimePoint{})
    hub_.served_after(progress_at_ - std::exchange(due_since_, {}), progress_at_);
  const std::size_t limit = given_ + max_bytes;
  if (start_) open_with(out);
  if (std::exchange(beat_due_, false)) beat(out);
  if (owner_->unrecorded) add(out, *std::exchange(owner_->unrecorded, nullptr));

  Supply got = Supply::frames;
  bool final = false;
  while (given_ < limit && !final) {
    FrameBatch::Taken taken;
    got = supply(limit - given_, taken);
    if (fetched_ && next_ > fetched_->last) fetched_ = nullptr;
    if (got != Supply::frames) break;
    last_id_ = taken.last_id;
    hub_.metrics().deliveries.add(taken.frames);
    hub_.metrics().bytes.add(taken.slice.size);
    add(out, std::move(taken.slice));
    final = taken.final;
  }
  note_state();
  final = final || (through_ != 0 && position() >= through_);
  if (goodbye_retry_ms_ != 0 || got == Supply::over || final) {
    if (got == Supply::over) {
      const TimedReplay::Options& timed = timed_->options();
      add(out, replay_end_event(id_text(timed.from), id_text(timed.through)));
    } else if (!final) {
      add(out, goodbye_event(goodbye_retry_ms_, id_text(position())));
    }
    ended_ = true;
    return Next::ended;
  }
  if (got == Supply::at_head) group_->waiting.push_back(link_);
  return got == Supply::frames ? Next::more : Next::idle;
}

Supply SseStream::supply(std::size_t room, FrameBatch::Taken& taken) {
  return timed_ ? supply_timed(room, taken) : hub_.supply(*this, group_, next_, room, taken);
}

// From disk alone: what is replayed is stored, and its pace asks for stamps.
Supply SseStream::supply_timed(std::size_t room, FrameBatch::Taken& taken) {
  while (next_ <= timed_->options().through) {
    if (!fetched_ || next_ < fetched_->first || next_ > fetched_->last) {
      hub_.fetch(*this, group_, next_, timed_->options().through, timed_->paced());
      return Supply::later;
    }
    if (timed_->paced()) {
      const std::optional<std::int64_t> stamp = fetched_->stamp_from(next_);
      if (!stamp) {
        next_ = fetched_->last + 1;
        continue;
      }
      if (!timed_->may_leave(*stamp)) return Supply::later;
      timed_->left(*stamp);
      room = 1;  // of several that are due, the next pull takes the next
    }
    taken = FrameBatch::take(fetched_, next_, room);
    if (taken.slice.size > 0) return Supply::frames;
  }
  return Supply::over;
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

// Everything up to here was given, or is not for this reader.
Sequence SseStream::position() const {
  return timed_ ? next_ - 1 : hub_.position(*group_, next_);
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

void SseStream::on_heartbeat() {
  if (goodbye_retry_ms_ != 0) return line_.close();  // its time is over
  const auto period = std::min(profile_.heartbeat_period, hub_.options().heartbeat);
  const TimePoint now = hub_.reactor().now();
  beat_at_ += period;
  if (beat_at_ <= now) beat_at_ = now + period;
  hub_.reactor().timers().set(heartbeat_, beat_at_);
  note_state();
  if (line_.bytes_sent() < given_) {
    hub_.metrics().skipped_heartbeats.add();  // behind unsent bytes it would say nothing
    return;
  }
  beat_due_ = true;
  line_.wake();
}

void SseStream::wake_due() {
  link_.unlink();
  if (const FrameBatchPtr batch = group_->find(next_)) due_since_ = batch->laid_out;
  line_.wake();
}

void SseStream::take_fetched(FrameBatchPtr batch) {
  fetched_ = std::move(batch);
  line_.wake();
}

void SseStream::part(unsigned retry_ms) {
  goodbye_retry_ms_ = retry_ms;
  hub_.reactor().timers().set(heartbeat_, hub_.reactor().now() + kGoodbyeLimit);
  line_.wake();
}

bool SseStream::put(std::string_view frame) {
  std::unique_ptr<std::string>& waiting = owner_->unrecorded;
  if ((waiting ? waiting->size() : 0) + frame.size() > kMaxUnrecorded) return false;
  if (!waiting) waiting = std::make_unique<std::string>();
  *waiting += frame;
  line_.wake();
  return true;
}

void SseStream::evict(Eviction why) {
  eviction_ = why;
  hub_.metrics().evictions(why).add();
  line_.close();
}

// What was handed to the connection keeps to the old topics; nothing after it does.
Sequence SseStream::follow(std::vector<Topic> topics) {
  Filter filter = group_->filter;
  filter.topics = std::move(topics);
  next_ = position() + 1;
  link_.unlink();
  fetched_ = nullptr;
  group_ = hub_.regroup(*this, group_, filter, profile_, chunked_, next_, timed_ != nullptr);
  line_.wake();
  return next_;
}

bool SseStream::step(std::size_t frames) {
  if (!timed_ || !timed_->options().step) return false;
  timed_->grant(frames);
  return true;
}

ReaderReport SseStream::report() {
  const TimePoint now = hub_.reactor().now();
  const std::size_t sent = line_.bytes_sent();
  note_state();
  ReaderReport report;
  report.id = id_;
  report.profile = profile_.key;
  report.principal = owner_->principal.name;
  report.filter = &group_->filter;
  report.last_id = last_id_;
  hub_.measure(position(), report);
  using std::chrono::milliseconds;
  const TimePoint progress = sent < given_ ? line_.last_taken() : progress_at_;
  report.last_progress = std::chrono::duration_cast<milliseconds>(now - progress);
  report.connected = owner_->connected;
  report.bytes = sent;
  report.state = state_;
  return report;
}

ReaderState SseStream::state_now() const {
  return timed_ ? ReaderState::disk : hub_.state_at(*group_, next_);
}

void SseStream::note_state() {
  const ReaderState now = state_now();
  if (now == state_) return;
  hub_.metrics().leave(state_);
  hub_.metrics().enter(now);
  state_ = now;
}

std::string SseStream::last_words(const FrameEnd* sent) {
  if (ended_) return {};
  Sequence through = line_.bytes_sent() < given_ ? surely_sent_ : next_ - 1;
  if (sent != nullptr) through = std::max(through, sent->sequence);
  std::string frame, words;
  const Projection& projection = *group_->view.projection;
  if (goodbye_retry_ms_ != 0) {
    projection.append_control(goodbye_event(goodbye_retry_ms_, id_text(through)), frame);
  } else {
    projection.append_control(evicted_event(name_of(eviction_), id_text(through)), frame);
  }
  if (!chunked_) return frame;
  append_chunk(words, frame);
  return words;
}

void SseStream::detached(Gone why) {
  if (why == Gone::stalled) hub_.metrics().evictions(Eviction::stalled).add();
  leave();
}

void SseStream::leave() {
  if (!group_) return;
  link_.unlink();
  heartbeat_.cancel();
  timed_ = nullptr;
  fetched_ = nullptr;
  owner_->guest = nullptr;
  hub_.metrics().leave(state_);
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

void SseStream::add(std::vector<FrameSlice>& out, const ControlEvent& event) {
  std::string frame;
  group_->view.projection->append_control(event, frame);
  add(out, frame);
}

std::string SseStream::id_text(Sequence sequence) const {
  return encode_event_id(hub_.epoch(), sequence);
}

}  // namespace devs
