#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/mcp/client_channel.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/sse_provider.h"
#include "trace/work.h"

namespace devs {

// The connection that reads a channel: each message an event, a comment every keep_alive.
//
// Confined to the reactor once attached; before that to whoever made it.
class PipeStream final : public SseProvider {
 public:
  struct Options {
    std::shared_ptr<ClientChannel> channel;
    std::string first;  // frames before anything else
    std::chrono::milliseconds keep_alive{15'000};
    // Called once, when nobody reads any more.
    MoveFunction<void()> on_over;
  };
  PipeStream(Options options, Reactor& reactor);
  ~PipeStream() override { leave(); }

  void attached(StreamLine line, bool chunked) override;
  Next pull(std::vector<FrameSlice>& out, std::size_t max_bytes) override;
  void detached(Gone) override { leave(); }

 private:
  void leave();

  Options options_;
  Reactor& reactor_;
  StreamLine line_;
  bool chunked_ = true;
  bool attached_ = false;
  bool comment_due_ = false;
  bool left_ = false;
  Timer keep_alive_;
  Timer look_again_;
};

}  // namespace devs
