#pragma once

#include <memory>
#include <string>

#include "orchestrator/mcp/client_channel.h"
#include "orchestrator/mcp/fed_stream.h"

namespace devs {

// The connection that reads a channel: each message an event.
class PipeStream final : public FedStream {
 public:
  // `first`: frames before anything else.
  PipeStream(std::shared_ptr<ClientChannel> channel, std::string first, Feed feed, Reactor& reactor)
      : FedStream(std::move(feed), reactor),
        channel_(std::move(channel)),
        first_(std::move(first)) {}
  ~PipeStream() override { leave(); }

 private:
  void begin(const StreamLine& line) override;
  StreamShelf::Taken take(std::size_t max_bytes) override;
  void end() override;

  const std::shared_ptr<ClientChannel> channel_;
  std::string first_;
  bool attached_ = false;
};

}  // namespace devs
