#include "orchestrator/streams/stream_reader.h"

#include <algorithm>
#include <utility>

#include "orchestrator/streams/control_event.h"
#include "orchestrator/streams/hub_core.h"
#include "protocol/sse_frame.h"

namespace devs {
namespace {

// A second at most (streams 1.4); timers come in steps.
constexpr auto kEndLimit = std::chrono::milliseconds(950);

}  // namespace

StreamReader::StreamReader(HubCore& hub, const StreamProfile& profile, Start start,
                           Admissions::Slot slot)
    : hub_(hub),
      profile_(profile),
      start_(std::make_unique<Start>(std::move(start))),
      next_(start_->next),
      last_id_(next_ - 1),
      through_(start_->through),
      id_(start_->id),
      slot_(std::move(slot)),
      heartbeat_([this] { on_heartbeat(); }) {
  link_.reader = this;
}

StreamReader::~StreamReader() {
  leave();
}

void StreamReader::attached(StreamLine line, bool chunked) {
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

void StreamReader::begin_pull() {
  link_.unlink();
  surely_sent_ = owed_from() - 1;  // a connection pulls when it has sent what it was given
  progress_at_ = hub_.reactor().now();
  if (due_since_ != TimePoint{})
    hub_.served_after(progress_at_ - std::exchange(due_since_, {}), progress_at_);
}

Supply StreamReader::take(std::size_t room, FrameBatch::Taken& taken) {
  const Supply got = supply(room, taken);
  if (fetched_ && next_ > fetched_->last) fetched_ = nullptr;
  if (got != Supply::frames) return got;
  last_id_ = taken.last_id;
  hub_.metrics().deliveries.add(taken.frames);
  hub_.metrics().bytes.add(taken.slice.size);
  return got;
}

SseProvider::Next StreamReader::end_pull(Supply got) {
  note_state();
  if (ended_) return Next::ended;
  if (got == Supply::at_head) group_->waiting.push_back(link_);
  return got == Supply::frames ? Next::more : Next::idle;
}

Supply StreamReader::supply(std::size_t room, FrameBatch::Taken& taken) {
  return timed_ ? supply_timed(room, taken) : hub_.supply(*this, group_, next_, room, taken);
}

// From disk alone: what is replayed is stored, and its pace asks for stamps.
Supply StreamReader::supply_timed(std::size_t room, FrameBatch::Taken& taken) {
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

Sequence StreamReader::position() const {
  const Sequence next = owed_from();
  return timed_ ? next - 1 : hub_.position(*group_, next);
}

void StreamReader::on_heartbeat() {
  if (ending_) return line_.close();  // its time is over
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

void StreamReader::wake_due() {
  link_.unlink();
  if (const FrameBatchPtr batch = group_->find(next_)) due_since_ = batch->laid_out;
  line_.wake();
}

void StreamReader::take_fetched(FrameBatchPtr batch) {
  fetched_ = std::move(batch);
  line_.wake();
}

void StreamReader::part(unsigned retry_ms) {
  goodbye_retry_ms_ = retry_ms;
  end_soon();
}

bool StreamReader::put(std::string_view frame) {
  std::unique_ptr<std::string>& waiting = owner_->unrecorded;
  if ((waiting ? waiting->size() : 0) + frame.size() > kMaxUnrecorded) return false;
  if (!waiting) waiting = std::make_unique<std::string>();
  *waiting += frame;
  line_.wake();
  return true;
}

void StreamReader::end_soon() {
  ending_ = true;
  hub_.reactor().timers().set(heartbeat_, hub_.reactor().now() + kEndLimit);
  line_.wake();
}

void StreamReader::evict(Eviction why) {
  eviction_ = why;
  hub_.metrics().evictions(why).add();
  line_.close();
}

// What was handed to the connection keeps to the old topics; nothing after it does.
Sequence StreamReader::follow(std::vector<Topic> topics) {
  Filter filter = group_->filter;
  filter.topics = std::move(topics);
  stand(position() + 1, filter);
  return next_;
}

void StreamReader::stand(Sequence next, const Filter& filter) {
  next_ = next;
  link_.unlink();
  fetched_ = nullptr;
  group_ = hub_.regroup(*this, group_, filter, profile_, chunked_, next_, timed_ != nullptr);
  line_.wake();
}

bool StreamReader::step(std::size_t frames) {
  if (!timed_ || !timed_->options().step) return false;
  timed_->grant(frames);
  return true;
}

ReaderReport StreamReader::report() {
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

ReaderState StreamReader::state_now() const {
  return timed_ ? ReaderState::disk : hub_.state_at(*group_, next_);
}

void StreamReader::note_state() {
  const ReaderState now = state_now();
  if (now == state_) return;
  hub_.metrics().leave(state_);
  hub_.metrics().enter(now);
  state_ = now;
}

std::string StreamReader::last_words(const FrameEnd* sent) {
  if (ended_) return {};
  Sequence through = line_.bytes_sent() < given_ ? surely_sent_ : owed_from() - 1;
  if (sent != nullptr) through = std::max(through, sent->sequence);
  std::string words;
  append_farewell(words, through);
  if (!chunked_) return words;
  std::string chunk;
  append_chunk(chunk, words);
  return chunk;
}

void StreamReader::append_farewell(std::string& out, Sequence through) const {
  projection().append_control(parting() ? goodbye_event(goodbye_retry_ms_, id_text(through))
                                        : evicted_event(name_of(eviction_), id_text(through)),
                              out);
}

void StreamReader::detached(Gone why) {
  if (why == Gone::stalled) hub_.metrics().evictions(Eviction::stalled).add();
  leave();
}

void StreamReader::leave() {
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

void StreamReader::add(std::vector<FrameSlice>& out, FrameSlice slice) {
  given_ += slice.size;
  out.push_back(std::move(slice));
}

void StreamReader::add(std::vector<FrameSlice>& out, std::string_view frames) {
  auto bytes = std::make_shared<std::string>();
  if (chunked_) {
    append_chunk(*bytes, frames);
  } else {
    *bytes = frames;
  }
  const std::size_t size = bytes->size();
  add(out, FrameSlice{std::move(bytes), 0, size});
}

void StreamReader::add(std::vector<FrameSlice>& out, const ControlEvent& event) {
  std::string frame;
  projection().append_control(event, frame);
  add(out, frame);
}

std::string StreamReader::id_text(Sequence sequence) const {
  return encode_event_id(hub_.epoch(), sequence);
}

}  // namespace devs
