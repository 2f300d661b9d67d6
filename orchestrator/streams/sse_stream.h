#pragma once

#include <vector>

#include "orchestrator/streams/stream_reader.h"

namespace devs {

// A reader as server-sent events: `retry:`, comments, checkpoints.
class SseStream final : public StreamReader {
 public:
  using StreamReader::StreamReader;

  Next pull(std::vector<FrameSlice>& out, std::size_t max_bytes) override;

 private:
  void open_with(std::vector<FrameSlice>& out);
  void beat(std::vector<FrameSlice>& out);
};

// Ten thousand of these are held (architecture 7); the timer's closure, the owner's
// name and the connection come on top.
static_assert(sizeof(SseStream) <= 336);

}  // namespace devs
