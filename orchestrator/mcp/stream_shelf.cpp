#include "orchestrator/mcp/stream_shelf.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "protocol/json_rpc.h"
#include "protocol/mcp.h"
#include "protocol/sse_frame.h"

namespace devs {
namespace {

std::string frame_id(std::uint64_t stream, std::uint64_t number) {
  return std::to_string(stream) + "-" + std::to_string(number);
}

// Decimal without sign, blanks or leading zeros.
std::optional<std::uint64_t> decode_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status no_such_event() {
  return Status(Code::invalid_argument, "Last-Event-ID is malformed or no longer kept");
}

}  // namespace

StreamShelf::Reading StreamShelf::open(std::string progress_token) {
  MutexLock lock(mutex_);
  const std::uint64_t number = ++last_stream_;
  Stream& stream = streams_[number];
  stream.progress_token = std::move(progress_token);
  if (options_.prime && options_.resumable) {
    std::string first;
    append_sse_frame(first, {.id = frame_id(number, 0), .event = {}, .data = {}});
    queue(stream, std::make_shared<const std::string>(std::move(first)));
  }
  return read_by_next(number, stream);
}

std::optional<StreamShelf::Reading> StreamShelf::open_standalone() {
  MutexLock lock(mutex_);
  if (closed_) return std::nullopt;
  if (standalone_ != 0) {
    const auto old = streams_.find(standalone_);
    if (old->second.reading) return std::nullopt;
    old->second.ended = true;
    forget_if_over(old);
  }
  standalone_ = ++last_stream_;
  Stream& stream = streams_[standalone_];
  stream.is_standalone = true;
  return read_by_next(standalone_, stream);
}

Result<StreamShelf::Reading> StreamShelf::resume(std::string_view last_event_id) {
  const std::size_t dash = last_event_id.find('-');
  if (dash == std::string_view::npos) return no_such_event();
  const auto number = decode_number(last_event_id.substr(0, dash));
  const auto after = decode_number(last_event_id.substr(dash + 1));
  if (!number || !after) return no_such_event();

  std::optional<StreamLine> before;
  Reading reading;
  {
    MutexLock lock(mutex_);
    const auto found = streams_.find(*number);
    if (found == streams_.end()) return no_such_event();
    Stream& stream = found->second;
    if (*after < stream.lost || *after >= stream.next) return no_such_event();
    if (stream.is_standalone && (stream.reading || stream.ended)) {
      return Status(Code::unavailable, "another stream of this session is open");
    }
    stream.unsent.clear();
    stream.unsent_bytes = 0;
    stream.announced = false;
    for (const Kept& kept : kept_) {
      if (kept.stream == *number && kept.number > *after) queue(stream, kept.frame);
    }
    // Whoever comes back for an answer knows that its old connection is dead
    // before we do: it is let in, and the old reader ends.
    before = wake(stream);
    reading = read_by_next(*number, stream);
  }
  post_wake(before);
  return reading;
}

void StreamShelf::progress(std::uint64_t number, std::string_view fields) {
  const JsonView view(fields);
  const auto value = view["progress"].number();
  std::optional<StreamLine> line;
  {
    MutexLock lock(mutex_);
    const auto found = streams_.find(number);
    if (found == streams_.end() || found->second.ended) return;
    Stream& stream = found->second;
    if (!stream.rate.grows(value)) return;
    std::string message = encode_rpc_notification("notifications/progress",
                                                  with_progress_token(view, stream.progress_token));
    if (has_room(stream, message) && stream.held.empty() && stream.rate.take(reactor_.now())) {
      say(number, stream, message);
    } else {
      stream.held = std::move(message);
    }
    line = wake(stream);
  }
  post_wake(line);
}

bool StreamShelf::has_room(const Stream& stream, std::string_view message) const {
  return stream.unsent.empty() || (stream.unsent.size() < options_.unsent_messages &&
                                   stream.unsent_bytes + message.size() <= options_.unsent_bytes);
}

bool StreamShelf::send(std::uint64_t number, Stream& stream, std::string_view message,
                       Terms terms) {
  if (terms.droppable && !has_room(stream, message)) return false;
  const auto is_it = [message](const Frame& frame) {
    return frame->find(message) != std::string::npos;
  };
  if (terms.once && std::any_of(stream.unsent.begin(), stream.unsent.end(), is_it)) return true;
  if (!stream.held.empty()) say(number, stream, std::exchange(stream.held, {}));
  say(number, stream, message);
  return true;
}

bool StreamShelf::send(std::uint64_t number, std::string_view message, Terms terms) {
  std::optional<StreamLine> line;
  {
    MutexLock lock(mutex_);
    const auto found = streams_.find(number);
    if (found == streams_.end() || found->second.ended) return false;
    if (!send(number, found->second, message, terms)) return false;
    line = wake(found->second);
  }
  post_wake(line);
  return true;
}

bool StreamShelf::send_standalone(std::string_view message, Terms terms) {
  terms.droppable = true;
  std::optional<StreamLine> line;
  {
    MutexLock lock(mutex_);
    const auto found = streams_.find(standalone_);
    if (found == streams_.end() || found->second.ended || !found->second.reading) return false;
    if (!send(standalone_, found->second, message, terms)) return false;
    line = wake(found->second);
  }
  post_wake(line);
  return true;
}

void StreamShelf::part(std::uint64_t number, std::chrono::milliseconds retry) {
  std::optional<StreamLine> line;
  {
    MutexLock lock(mutex_);
    const auto found = streams_.find(number);
    if (found == streams_.end() || found->second.ended || found->second.parting) return;
    Stream& stream = found->second;
    if (!stream.reading) return;  // it has left already
    using Rep = std::chrono::milliseconds::rep;
    queue_retry(stream,
                static_cast<unsigned>(std::clamp<Rep>(retry.count(), 1, kMaxRetry.count())));
    stream.parting = true;
    line = wake(stream);
  }
  post_wake(line);
}

void StreamShelf::finish(std::uint64_t number, std::string_view message) {
  std::optional<StreamLine> line;
  {
    MutexLock lock(mutex_);
    const auto found = streams_.find(number);
    if (found == streams_.end() || found->second.ended) return;
    Stream& stream = found->second;
    if (!stream.held.empty()) say(number, stream, std::exchange(stream.held, {}));
    say(number, stream, message);
    line = wake(stream);
    stream.ended = true;
    forget_if_over(found);
  }
  post_wake(line);
}

void StreamShelf::abandon(std::uint64_t number) {
  std::optional<StreamLine> line;
  {
    MutexLock lock(mutex_);
    const auto found = streams_.find(number);
    if (found == streams_.end()) return;
    Stream& stream = found->second;
    line = wake(stream);
    std::size_t bytes = 0;
    std::erase_if(kept_, [&](const Kept& kept) {
      if (kept.stream != number) return false;
      bytes += kept.frame->size();
      return true;
    });
    kept_bytes_ -= bytes;
    if (!stream.line) {  // whoever should read it finds nothing, if he comes
      if (stream.reading) --readers_;
      streams_.erase(found);
      return;
    }
    stream.kept = 0;
    stream.lost = stream.next;
    stream.held.clear();
    stream.ended = true;
    forget_if_over(found);
  }
  post_wake(line);
}

bool StreamShelf::announce(std::string_view message) {
  std::optional<StreamLine> line;
  {
    MutexLock lock(mutex_);
    const auto found = streams_.find(standalone_);
    if (found == streams_.end() || found->second.ended || !found->second.reading) return false;
    if (found->second.announced) return true;
    say(standalone_, found->second, message);
    found->second.announced = true;
    line = wake(found->second);
  }
  post_wake(line);
  return true;
}

void StreamShelf::close(unsigned retry_ms) {
  std::optional<StreamLine> line;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    const auto found = streams_.find(standalone_);
    if (found == streams_.end() || found->second.ended) return;
    Stream& stream = found->second;
    if (stream.reading && retry_ms != 0) queue_retry(stream, retry_ms);
    line = wake(stream);
    stream.ended = true;
    forget_if_over(found);
  }
  post_wake(line);
}

void StreamShelf::attached(Reading reading, StreamLine line) {
  MutexLock lock(mutex_);
  const auto found = streams_.find(reading.stream);
  if (found != streams_.end() && found->second.reader == reading.reader) {
    found->second.line = line;
  }
}

StreamShelf::Taken StreamShelf::take(Reading reading, std::size_t max_bytes) {
  Taken taken;
  MutexLock lock(mutex_);
  const auto found = streams_.find(reading.stream);
  if (found == streams_.end() || found->second.reader != reading.reader) {
    taken.ended = true;
    return taken;
  }
  Stream& stream = found->second;
  stream.wake_posted = false;
  if (!stream.held.empty()) {
    if (stream.rate.take(reactor_.now())) {
      say(reading.stream, stream, std::exchange(stream.held, {}));
    } else {
      taken.look_again = stream.rate.next();
    }
  }
  while (!stream.unsent.empty()) {
    const std::string& frame = *stream.unsent.front();
    if (!taken.text.empty() && taken.text.size() + frame.size() > max_bytes) {
      taken.more = true;
      return taken;
    }
    taken.text += frame;
    stream.unsent_bytes -= frame.size();
    stream.unsent.pop_front();
  }
  stream.announced = false;
  taken.ended = stream.ended || stream.parting;
  return taken;
}

void StreamShelf::detached(Reading reading) {
  MutexLock lock(mutex_);
  const auto found = streams_.find(reading.stream);
  if (found == streams_.end() || found->second.reader != reading.reader || !found->second.reading) {
    return;
  }
  Stream& stream = found->second;
  stream.reading = false;
  stream.line.reset();
  stream.unsent.clear();
  stream.unsent_bytes = 0;
  stream.announced = false;
  --readers_;
  if (!options_.resumable) stream.ended = true;
  forget_if_over(found);
}

std::size_t StreamShelf::kept_bytes() const {
  MutexLock lock(mutex_);
  return kept_bytes_;
}
std::size_t StreamShelf::kept_messages() const {
  MutexLock lock(mutex_);
  return kept_.size();
}
std::size_t StreamShelf::streams() const {
  MutexLock lock(mutex_);
  return streams_.size();
}

void StreamShelf::say(std::uint64_t number, Stream& stream, std::string_view message) {
  std::string text;
  if (options_.resumable) {
    append_sse_frame(text, {.id = frame_id(number, stream.next), .event = {}, .data = message});
  } else {
    append_sse_frame(text, {.id = {}, .event = {}, .data = message});
  }
  const auto frame = std::make_shared<const std::string>(std::move(text));
  if (stream.reading && !stream.parting) queue(stream, frame);
  if (!options_.resumable) return;
  kept_.push_back({.stream = number, .number = stream.next++, .frame = frame});
  kept_bytes_ += frame->size();
  ++stream.kept;
  while (kept_.size() > options_.kept_messages || kept_bytes_ > options_.kept_bytes) {
    forget_oldest();
  }
}

void StreamShelf::queue(Stream& stream, Frame frame) {
  stream.unsent_bytes += frame->size();
  stream.unsent.push_back(std::move(frame));
}

void StreamShelf::queue_retry(Stream& stream, unsigned retry_ms) {
  std::string text;
  append_sse_frame(text,
                   {.id = {}, .event = {}, .data = {}, .retry_ms = retry_ms, .has_data = false});
  queue(stream, std::make_shared<const std::string>(std::move(text)));
}

void StreamShelf::forget_oldest() {
  const Kept oldest = std::move(kept_.front());
  kept_.pop_front();
  kept_bytes_ -= oldest.frame->size();
  const auto found = streams_.find(oldest.stream);
  if (found == streams_.end()) return;
  --found->second.kept;
  found->second.lost = oldest.number;
  forget_if_over(found);
}

// A stream that ended, is read by nobody and has nothing kept is no more.
void StreamShelf::forget_if_over(Streams::iterator at) {
  const Stream& stream = at->second;
  if (!stream.ended || stream.reading || stream.kept != 0) return;
  if (standalone_ == at->first) standalone_ = 0;
  streams_.erase(at);
}

// Its reader is to be woken, unless it is already.
std::optional<StreamLine> StreamShelf::wake(Stream& stream) {
  if (!stream.line || stream.wake_posted) return std::nullopt;
  stream.wake_posted = true;
  return stream.line;
}

StreamShelf::Reading StreamShelf::read_by_next(std::uint64_t number, Stream& stream) {
  if (!stream.reading) ++readers_;
  stream.reading = true;
  stream.parting = false;
  stream.wake_posted = false;
  stream.line.reset();
  return {.stream = number, .reader = ++stream.reader};
}

void StreamShelf::post_wake(std::optional<StreamLine> line) {
  if (line) reactor_.post([line = *line]() mutable { line.wake(); });
}

}  // namespace devs
