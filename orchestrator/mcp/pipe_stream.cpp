#include "orchestrator/mcp/pipe_stream.h"

#include <utility>

#include "protocol/sse_frame.h"

namespace devs {

PipeStream::PipeStream(Options options, Reactor& reactor)
    : options_(std::move(options)),
      reactor_(reactor),
      keep_alive_([this] {
        comment_due_ = true;
        line_.wake();
        reactor_.timers().set(keep_alive_, reactor_.now() + options_.keep_alive);
      }),
      look_again_([this] { line_.wake(); }) {
}

void PipeStream::attached(StreamLine line, bool chunked) {
  line_ = line;
  chunked_ = chunked;
  attached_ = true;
  options_.channel->attach([line]() mutable { line.wake(); });
  reactor_.timers().set(keep_alive_, reactor_.now() + options_.keep_alive);
  line_.wake();
}

SseProvider::Next PipeStream::pull(std::vector<FrameSlice>& out, std::size_t max_bytes) {
  if (options_.channel->given_up()) return Next::ended;
  const ClientChannel::Taken taken = options_.channel->take(max_bytes);
  if (taken.look_again) reactor_.timers().set(look_again_, *taken.look_again);
  std::string text = std::exchange(options_.first, {});
  for (const std::string& message : taken.messages)
    append_sse_frame(text, {.id = {}, .event = {}, .data = message});
  if (std::exchange(comment_due_, false) && text.empty()) append_sse_comment(text, {});
  if (!text.empty()) {
    auto bytes = std::make_shared<std::string>();
    if (chunked_) {
      append_chunk(*bytes, text);
    } else {
      *bytes = std::move(text);
    }
    const std::size_t size = bytes->size();
    out.push_back({.bytes = std::move(bytes), .from = 0, .size = size});
  }
  if (taken.ended) return Next::ended;
  return taken.more ? Next::more : Next::idle;
}

void PipeStream::leave() {
  if (std::exchange(left_, true)) return;
  keep_alive_.cancel();
  look_again_.cancel();
  if (attached_) options_.channel->attach({});  // the line is nobody's now
  if (options_.on_over) options_.on_over();
}

}  // namespace devs
