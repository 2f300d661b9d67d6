#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/sse_provider.h"
#include "protocol/ids.h"
#include "protocol/sse_frame.h"
#include "trace/clock.h"

namespace devs {

// Frames of a stretch of the log as one kind of reader sees it, encoded once and
// shared by all of them.  A stretch without matches has no bytes and still says
// how far it reaches.
//
// Built by one thread, immutable once shared.
class FrameBatch {
 public:
  // Invariant: everything from `first` through `last` that matches is in here.
  Sequence first = 0;
  Sequence last = 0;
  TimePoint laid_out{};  // for live readers; {}: for who reads the past

  // `frame` is whole and belongs to `sequence`; sequences ascend.  REQUIRES: `first`.
  void append(Sequence sequence, std::string_view frame, bool chunked) {
    if (frame.empty()) return;
    if (ends_.empty()) ends_.push_back({first - 1, 0});
    if (chunked) {
      append_chunk(bytes_, frame);
    } else {
      bytes_ += frame;
    }
    ends_.push_back({sequence, bytes_.size()});
  }
  // The same with the entry's own stamp (0: none), for who paces by it.  REQUIRES:
  // all frames of a batch or none.
  void append_stamped(Sequence sequence, std::string_view frame, bool chunked,
                      std::int64_t stamp_ns) {
    append(sequence, frame, chunked);
    if (!frame.empty()) stamps_.push_back(stamp_ns);
  }
  // With the last frame appended the stream ends for whoever takes it.
  void finish() {
    if (!ends_.empty()) finals_.push_back(ends_.back().sequence);
  }
  // The stamp of the first frame from sequence `from` on; nullopt: no such frame.
  std::optional<std::int64_t> stamp_from(Sequence from) const;

  bool empty() const { return bytes_.empty(); }
  const std::string& bytes() const { return bytes_; }

  struct Taken {
    FrameSlice slice;      // keeps the batch alive; size 0: there was none
    Sequence last_id = 0;  // of the last frame in it
    std::size_t frames = 0;
    bool final = false;  // the stream ends with them
  };
  // The frames from sequence `from` on, about `max_bytes` of them (always one, if
  // there is one).  `from` moves past what was taken: to last + 1 when that was all.
  static Taken take(const std::shared_ptr<const FrameBatch>& self, Sequence& from,
                    std::size_t max_bytes);

 private:
  using Ends = std::vector<FrameEnd>;
  Ends::const_iterator first_from(Sequence from) const;

  std::string bytes_;
  Ends ends_;                         // ahead of the frames', where they begin
  std::vector<std::int64_t> stamps_;  // of each frame, or empty
  std::vector<Sequence> finals_;      // ascending
};
using FrameBatchPtr = std::shared_ptr<const FrameBatch>;

}  // namespace devs
