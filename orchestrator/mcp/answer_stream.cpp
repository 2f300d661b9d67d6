#include "orchestrator/mcp/answer_stream.h"

#include <utility>

#include "protocol/sse_frame.h"

namespace devs {
namespace {

// Ends at once.
class EmptyStream final : public SseProvider {
 public:
  void attached(StreamLine line, bool) override { line.wake(); }
  Next pull(std::vector<FrameSlice>&, std::size_t) override { return Next::ended; }
  void detached(Gone) override {}
};

}  // namespace

HttpAnswer stream_head() {
  HttpAnswer head;
  head.type = ContentType::sse;
  head.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  return head;
}

AnswerStream::AnswerStream(Options options, Reactor& reactor)
    : options_(std::move(options)),
      reactor_(reactor),
      keep_alive_([this] {
        comment_due_ = true;
        line_.wake();
        reactor_.timers().set(keep_alive_, reactor_.now() + options_.keep_alive);
      }),
      look_again_([this] { line_.wake(); }) {
}

AnswerStream::~AnswerStream() {
  leave();
}

void AnswerStream::attached(StreamLine line, bool chunked) {
  line_ = line;
  chunked_ = chunked;
  options_.shelf->attached(options_.reading, line);
  reactor_.timers().set(keep_alive_, reactor_.now() + options_.keep_alive);
  line_.wake();
}

SseProvider::Next AnswerStream::pull(std::vector<FrameSlice>& out, std::size_t max_bytes) {
  StreamShelf::Taken taken = options_.shelf->take(options_.reading, max_bytes);
  if (std::exchange(comment_due_, false) && taken.text.empty()) {
    append_sse_comment(taken.text, {});
  }
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

void AnswerStream::detached(Gone) {
  leave();
}

void AnswerStream::leave() {
  if (std::exchange(left_, true)) return;
  keep_alive_.cancel();
  look_again_.cancel();
  options_.shelf->detached(options_.reading);
  if (options_.on_over) options_.on_over();
}

StreamStart start_stream(AnswerStream::Options options, Reactor& reactor) {
  return {.head = stream_head(),
          .provider = std::make_unique<AnswerStream>(std::move(options), reactor)};
}

StreamStart start_empty_stream() {
  return {.head = stream_head(), .provider = std::make_unique<EmptyStream>()};
}

}  // namespace devs
