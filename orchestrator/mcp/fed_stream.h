#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "orchestrator/mcp/stream_shelf.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/sse_provider.h"
#include "trace/work.h"

namespace devs {

// What every SSE connection of the MCP face does, wherever its messages come from: hands
// on what there is, and a comment every keep_alive, so that proxies do not take silence
// for death.
//
// Confined to the reactor once attached; before that to whoever made it.
class FedStream : public SseProvider {
 public:
  struct Feed {
    std::chrono::milliseconds keep_alive{15'000};
    // Called once, when nobody reads any more; on the reactor, or where a stream
    // that never got its connection dies.
    MoveFunction<void()> on_over;
  };
  FedStream(Feed feed, Reactor& reactor);

  void attached(StreamLine line, bool chunked) final;
  Next pull(std::vector<FrameSlice>& out, std::size_t max_bytes) final;
  void detached(Gone) final { leave(); }

 protected:
  // The source: `line` wakes this stream from now on; what there is; nobody reads it now.
  virtual void begin(const StreamLine& line) = 0;
  virtual StreamShelf::Taken take(std::size_t max_bytes) = 0;
  virtual void end() = 0;
  // To be called by the destructor of each derived class: end() is theirs.
  void leave();

 private:
  Feed feed_;
  Reactor& reactor_;
  StreamLine line_;
  bool chunked_ = true;
  bool comment_due_ = false;
  bool left_ = false;
  Timer keep_alive_;
  Timer look_again_;
};

}  // namespace devs
