#include "orchestrator/mcp/pipe_stream.h"

#include <utility>

#include "protocol/sse_frame.h"

namespace devs {

void PipeStream::begin(const StreamLine& line) {
  attached_ = true;
  channel_->attach([to = line]() mutable { to.wake(); });
}

StreamShelf::Taken PipeStream::take(std::size_t max_bytes) {
  StreamShelf::Taken out;
  if (channel_->given_up()) {
    out.ended = true;
    return out;
  }
  const ClientChannel::Taken taken = channel_->take(max_bytes);
  out.text = std::exchange(first_, {});
  for (const std::string& message : taken.messages)
    append_sse_frame(out.text, {.id = {}, .event = {}, .data = message});
  out.ended = taken.ended;
  out.more = taken.more;
  out.look_again = taken.look_again;
  return out;
}

void PipeStream::end() {
  if (attached_) channel_->attach({});  // the line is nobody's now
}

}  // namespace devs
