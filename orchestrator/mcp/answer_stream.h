#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "orchestrator/mcp/stream_shelf.h"
#include "orchestrator/net/exchange.h"
#include "orchestrator/net/reactor.h"
#include "trace/work.h"

namespace devs {

// One connection that reads one stream of a shelf: an answer that became a
// stream, or the standalone stream of a session.  A comment every keep_alive, so
// that proxies do not take silence for death.
//
// Confined to the reactor once attached; before that to whoever made it.
class AnswerStream final : public SseProvider {
 public:
  struct Options {
    std::shared_ptr<StreamShelf> shelf;
    StreamShelf::Reading reading;
    std::chrono::milliseconds keep_alive{15'000};
    // Called once, when nobody reads any more; on the reactor, or where a stream
    // that never got its connection dies.
    MoveFunction<void()> on_over;
  };

  AnswerStream(Options options, Reactor& reactor);
  ~AnswerStream() override;

  void attached(StreamLine line, bool chunked) override;
  Next pull(std::vector<FrameSlice>& out, std::size_t max_bytes) override;
  void detached(Gone why) override;

 private:
  void leave();

  Options options_;
  Reactor& reactor_;
  StreamLine line_;
  bool chunked_ = true;
  bool comment_due_ = false;
  bool left_ = false;
  Timer keep_alive_;
  Timer look_again_;
};

// 200, text/event-stream, not to be cached or gathered on the way.
HttpAnswer stream_head();
// Head and feed of a stream of `shelf`.
StreamStart start_stream(AnswerStream::Options options, Reactor& reactor);
// A stream that ends with its head: the answer to what was cancelled.
StreamStart start_empty_stream();

}  // namespace devs
