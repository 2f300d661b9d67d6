#include "orchestrator/streams/socket_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "orchestrator/streams/control_event.h"
#include "orchestrator/streams/hub_core.h"
#include "orchestrator/streams/resume.h"
#include "orchestrator/streams/stream_query.h"
#include "orchestrator/streams/topic_change.h"
#include "orchestrator/streams/websocket_projection.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::size_t kBatchEntries = 100;
constexpr std::size_t kBatchBytes = 64 * 1024;  // as much as a pull asks for
constexpr std::size_t kSyncEntries = 500;
constexpr std::size_t kSyncBytes = 1024 * 1024;  // held for one reader; 500 of 2 KB
constexpr std::size_t kMaxReplies = 64 * 1024;   // to who asks, and does not read
constexpr unsigned kMaxUnanswered = 2;           // pings: 30 s of silence

std::string_view payload_of(const FrameSlice& slice) {
  std::string_view frames(slice.bytes->data() + slice.from, slice.size);
  return take_websocket_payload(frames);
}

bool is_thought(std::string_view message) {
  return JsonView(message)["envelope"]["type"].is("thought");
}

std::string refusal_message(std::string_view body) {
  return fmt::format(R"({{"type":"error","data":{}}})", body);
}

}  // namespace

SocketStream::SocketStream(HubCore& hub, const StreamProfile& profile, Start start,
                           Admissions::Slot slot)
    : StreamReader(hub, profile, std::move(start), std::move(slot)), batch_(start_->batch) {
  if (batch_.count() > 0) batch_over_ = std::make_unique<Timer>([this] { wake(); });
}

// --- what the client says ---

bool SocketStream::received(std::string_view bytes) {
  session_.receive(bytes, [this](std::string_view text) { on_message(text); });
  wake();
  return true;
}

void SocketStream::on_message(std::string_view text) {
  const SocketRequest request = read_socket_request(text);
  switch (request.kind) {
    case SocketRequest::Kind::not_json:
      return session_.close(WebSocketClose::bad_data, "not a JSON object");
    case SocketRequest::Kind::unknown:
      reply(refusal_message(
          bad_parameter({"message",
                         "must be {\"subscribe\":topic}, {\"unsubscribe\":topic} or "
                         "{\"type\":\"SYNC_REQUEST\",\"sinceCheckpointId\":id}"})
              .body));
      break;
    case SocketRequest::Kind::subscribe:
    case SocketRequest::Kind::unsubscribe:
      change_topics(request);
      break;
    case SocketRequest::Kind::sync:
      sync(request.text);
      break;
  }
  if (replies_.size() > kMaxReplies) session_.close(WebSocketClose::try_again_later, "stalled");
}

void SocketStream::change_topics(const SocketRequest& request) {
  const bool adds = request.kind == SocketRequest::Kind::subscribe;
  std::vector<std::string> texts;
  if (topics_asked_ || !adds) texts = topic_texts(filter());
  const std::string topic = socket_topic(request.text);
  std::erase(texts, topic);
  if (adds) texts.push_back(topic);
  auto changed = texts.empty() ? follow_nothing(*this) : devs::change_topics(*this, texts);
  if (const auto* const refusal = std::get_if<HttpAnswer>(&changed))
    return reply(refusal_message(refusal->body));
  topics_asked_ = true;
  reply(fmt::format(R"({{"type":"subscribed","topics":[{}]}})",
                    std::get<ChangedTopics>(changed).list));
}

void SocketStream::sync(std::string_view since_id) {
  const ResumePoint point = resume_after(since_id, {hub_.epoch(), 1, hub_.head()});
  if (point.reset) {  // it goes on from where it stands
    hub_.metrics().resets.add();
    return projection().append_control(*point.reset, replies_);
  }
  stand(point.next, filter());
  sync_through_ = hub_.looked();
  sync_answered_ = false;
}

void SocketStream::reply(std::string_view json) {
  append_websocket_frame(replies_, WebSocketOpcode::text, json);
}

// What was held goes out anew, as it is wanted now.
void SocketStream::stand(Sequence next, const Filter& filter) {
  held_ = nullptr;
  sync_through_ = 0;
  StreamReader::stand(next, filter);
}

// --- what it is sent ---

SseProvider::Next SocketStream::pull(std::vector<FrameSlice>& out, std::size_t max_bytes) {
  begin_pull();
  const std::size_t limit = given_ + max_bytes;
  if (start_) open_with(out);
  if (take_beat()) beat(out);
  Supply got = Supply::later;
  if (!session_.closing()) {
    add(out, std::exchange(replies_, {}));
    got = give(out, limit);
    if (parting() || evicted_) {
      if (held_) flush(out);
      std::string words;
      StreamReader::append_farewell(words, position());
      add(out, words);
      session_.close(close_code());
      got = Supply::later;  // but for the client's close there is nothing to wait for
    }
  }
  add(out, session_.owed());
  ended_ = session_.over();
  if (session_.closing() && !ending()) end_soon();
  return end_pull(got);
}

void SocketStream::open_with(std::vector<FrameSlice>& out) {
  std::string frames;
  append_websocket_frame(frames, WebSocketOpcode::text,
                         fmt::format(R"({{"type":"connected","id":"{}"}})", id_text(start_->head)));
  frames += start_->frames;
  add(out, frames);
  start_ = nullptr;
}

// Comes only when everything was sent: who takes bytes slowly is not silent.
void SocketStream::beat(std::vector<FrameSlice>& out) {
  if (session_.closing()) return;
  if (std::exchange(pongs_, session_.pongs()) != pongs_) unanswered_ = 0;
  if (unanswered_ >= kMaxUnanswered) return evict(Eviction::stalled);
  ++unanswered_;
  if (!held_ && sync_through_ == 0) next_ = position() + 1;
  std::string ping;
  append_websocket_frame(ping, WebSocketOpcode::ping, {});
  add(out, ping);
}

Supply SocketStream::give(std::vector<FrameSlice>& out, std::size_t limit) {
  Supply got = Supply::frames;
  while (given_ < limit) {
    if (sync_through_ != 0 && next_ > sync_through_) end_sync(out);
    const bool one_by_one = sync_through_ != 0 || batch_over_ != nullptr;
    FrameBatch::Taken taken;
    got = take(one_by_one ? 1 : limit - given_, taken);
    if (got != Supply::frames) break;
    if (one_by_one) {
      hold_or_add(out, std::move(taken));
    } else {
      add(out, std::move(taken.slice));
    }
  }
  if (sync_through_ != 0) {
    if (got == Supply::at_head) end_sync(out);
  } else if (held_) {
    const TimePoint due = held_->since + batch_;
    if (got == Supply::at_head && hub_.reactor().now() < due) {
      hub_.reactor().timers().set(*batch_over_, due);
    } else {
      flush(out);
    }
  }
  return got;
}

// REQUIRES: one frame was taken.
void SocketStream::hold_or_add(std::vector<FrameSlice>& out, FrameBatch::Taken taken) {
  const bool syncing = sync_through_ != 0;
  const std::string_view message = payload_of(taken.slice);
  if (!is_entry_message(message) || (!syncing && !is_thought(message))) {
    if (held_) flush(out);
    return add(out, std::move(taken.slice));
  }
  if (!held_) {
    held_ = std::make_unique<Held>(
        Held{.events = {}, .first = taken.last_id, .since = hub_.reactor().now()});
  } else {
    held_->events += ',';
    ++held_->count;
  }
  held_->events += message;
  if (held_->count >= (syncing ? kSyncEntries : kBatchEntries) ||
      held_->events.size() >= (syncing ? kSyncBytes : kBatchBytes))
    flush(out);
}

void SocketStream::flush(std::vector<FrameSlice>& out) {
  const bool syncing = sync_through_ != 0;
  sync_answered_ = sync_answered_ || syncing;
  std::string frame;
  append_websocket_frame(frame, WebSocketOpcode::text,
                         fmt::format(R"({{"type":"{}","events":[{}]}})",
                                     syncing ? "SYNC_REPLAY" : "THOUGHT_STREAM_BATCH",
                                     held_ ? std::string_view(held_->events) : std::string_view()));
  held_ = nullptr;
  add(out, frame);
}

// Who asked is answered, even if there was nothing.
void SocketStream::end_sync(std::vector<FrameSlice>& out) {
  if (held_ || !sync_answered_) flush(out);
  sync_through_ = 0;
}

// --- its end ---

void SocketStream::evict(Eviction why) {
  if (evicted_ || session_.closing()) return;
  evicted_ = true;
  eviction_ = why;
  hub_.metrics().evictions(why).add();
  end_soon();
}

WebSocketClose SocketStream::close_code() const {
  if (parting()) return WebSocketClose::going_away;
  return eviction_ == Eviction::stalled ? WebSocketClose::try_again_later : WebSocketClose::policy;
}

std::string SocketStream::last_words(const FrameEnd* sent) {
  return session_.closing() ? std::string() : StreamReader::last_words(sent);
}

void SocketStream::append_farewell(std::string& out, Sequence through) const {
  StreamReader::append_farewell(out, through);
  append_websocket_close(out, close_code());
}

}  // namespace devs
