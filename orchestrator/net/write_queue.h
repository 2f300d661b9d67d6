#pragma once

#include <cstddef>
#include <string>
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

  void push(std::string bytes);
  void push(FrameSlice slice);
  // Takes all of `slices` (their order kept) and leaves the vector's memory there.
  void push_all(std::vector<FrameSlice>& slices);

  // Sends at most about `at_most` bytes, adding what the socket took to `taken`.
  // `all`: nothing is left, or `at_most` was reached.
  Sent flush(int fd, std::size_t at_most, std::size_t& taken);

  bool empty() const { return first_ == slices_.size(); }
  std::size_t bytes() const { return bytes_; }
  // Nothing was sent of the first slice: a frame may be put in place of it.
  bool at_boundary() const { return untouched_; }
  void clear();

 private:
  void drop_sent(std::size_t sent);

  std::vector<FrameSlice> slices_;
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
  bool untouched_ = true;
};

}  // namespace devs
