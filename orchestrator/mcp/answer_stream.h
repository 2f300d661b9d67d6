#pragma once

#include <memory>
#include <utility>

#include "orchestrator/mcp/fed_stream.h"
#include "orchestrator/mcp/stream_shelf.h"
#include "orchestrator/net/exchange.h"
#include "orchestrator/net/reactor.h"

namespace devs {

// One connection that reads one stream of a shelf: an answer that became a
// stream, or the standalone stream of a session.
class AnswerStream final : public FedStream {
 public:
  struct Options {
    std::shared_ptr<StreamShelf> shelf;
    StreamShelf::Reading reading;
    Feed feed;
  };

  AnswerStream(Options options, Reactor& reactor)
      : FedStream(std::move(options.feed), reactor),
        shelf_(std::move(options.shelf)),
        reading_(options.reading) {}
  ~AnswerStream() override { leave(); }

 private:
  void begin(const StreamLine& line) override { shelf_->attached(reading_, line); }
  StreamShelf::Taken take(std::size_t max_bytes) override {
    return shelf_->take(reading_, max_bytes);
  }
  void end() override { shelf_->detached(reading_); }

  const std::shared_ptr<StreamShelf> shelf_;
  const StreamShelf::Reading reading_;
};

// 200, text/event-stream, not to be cached or gathered on the way.
HttpAnswer stream_head();
// Head and feed of a stream of `shelf`.
StreamStart start_stream(AnswerStream::Options options, Reactor& reactor);
// A stream that ends with its head: the answer to what was cancelled.
StreamStart start_empty_stream();

}  // namespace devs
