#include "orchestrator/mcp/fed_stream.h"

#include <utility>

#include "protocol/sse_frame.h"

namespace devs {

FedStream::FedStream(Feed feed, Reactor& reactor)
    : feed_(std::move(feed)),
      reactor_(reactor),
      keep_alive_([this] {
        comment_due_ = true;
        line_.wake();
        reactor_.timers().set(keep_alive_, reactor_.now() + feed_.keep_alive);
      }),
      look_again_([this] { line_.wake(); }) {
}

void FedStream::attached(StreamLine line, bool chunked) {
  line_ = line;
  chunked_ = chunked;
  begin(line);
  reactor_.timers().set(keep_alive_, reactor_.now() + feed_.keep_alive);
  line_.wake();
}

SseProvider::Next FedStream::pull(std::vector<FrameSlice>& out, std::size_t max_bytes) {
  StreamShelf::Taken taken = take(max_bytes);
  if (std::exchange(comment_due_, false) && taken.text.empty()) append_sse_comment(taken.text, {});
  if (taken.look_again) reactor_.timers().set(look_again_, *taken.look_again);
  if (!taken.text.empty()) {
    auto bytes = std::make_shared<std::string>();
    if (chunked_) {
      append_chunk(*bytes, taken.text);
    } else {
      *bytes = std::move(taken.text);
    }
    const std::size_t size = bytes->size();
    out.push_back({.bytes = std::move(bytes), .from = 0, .size = size});
  }
  if (taken.ended) return Next::ended;
  return taken.more ? Next::more : Next::idle;
}

void FedStream::leave() {
  if (std::exchange(left_, true)) return;
  keep_alive_.cancel();
  look_again_.cancel();
  end();
  if (feed_.on_over) feed_.on_over();
}

}  // namespace devs
