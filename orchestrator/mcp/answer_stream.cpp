#include "orchestrator/mcp/answer_stream.h"

#include <utility>

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

StreamStart start_stream(AnswerStream::Options options, Reactor& reactor) {
  return {.head = stream_head(),
          .provider = std::make_unique<AnswerStream>(std::move(options), reactor)};
}

StreamStart start_empty_stream() {
  return {.head = stream_head(), .provider = std::make_unique<EmptyStream>()};
}

}  // namespace devs
