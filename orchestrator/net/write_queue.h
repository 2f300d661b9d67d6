#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/sse_provider.h"

namespace devs {

// Bytes still to be sent to one peer.  Shared slices are sent from where they
// lie; when everything is gone the queue holds no memory.
//
// Bounded by whoever fills it: one answer, or one pull of a stream.
class WriteQueue {
 public:
  enum class Sent { all, full, broken };
  // What one flush, or several, brought out.
  struct Progress {
    std::size_t bytes = 0;
    std::size_t calls = 0;  // of the system that took some
  };

  void push(std::string bytes);
  void push(FrameSlice slice);

  // Sends at most about `at_most` bytes, adding what the socket took to `progress`.
  // `all`: nothing is left, or `at_most` was reached.
  Sent flush(int fd, std::size_t at_most, Progress& progress);
  // The same with `fresh` behind what waits.  Leaves `fresh` empty; its memory stays
  // there when the socket takes everything, so that a delivery allocates nothing.
  Sent flush(int fd, std::vector<FrameSlice>& fresh, std::size_t at_most, Progress& progress);

  bool empty() const { return first_ == slices_.size(); }
  std::size_t bytes() const { return bytes_; }
  // The frame of which some was sent, and more waits.
  struct Rest {
    std::string_view bytes;         // of it, still to be sent; empty: between two frames
    const FrameEnd* end = nullptr;  // of it, or of the one before; null: not known
  };
  Rest rest_of_frame() const;
  void clear();

 private:
  Sent send_some(int fd, std::size_t at_most, Progress& progress);
  void drop_sent(std::size_t sent);

  std::vector<FrameSlice> slices_;
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
  bool untouched_ = true;
};

}  // namespace devs
