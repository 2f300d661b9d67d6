#include "orchestrator/streams/frame_batch.h"

#include <algorithm>

namespace devs {

FrameBatch::Ends::const_iterator FrameBatch::first_from(Sequence from) const {
  if (ends_.empty()) return ends_.end();
  const auto frames = std::next(ends_.begin());
  if (from <= first) return frames;
  return std::lower_bound(frames, ends_.end(), from, [](const FrameEnd& end, Sequence wanted) {
    return end.sequence < wanted;
  });
}

std::optional<std::int64_t> FrameBatch::stamp_from(Sequence from) const {
  const auto frame = first_from(from);
  if (frame == ends_.end()) return std::nullopt;
  return stamps_[static_cast<std::size_t>(frame - ends_.begin()) - 1];
}

FrameBatch::Taken FrameBatch::take(const FrameBatchPtr& self, Sequence& from,
                                   std::size_t max_bytes) {
  const Ends& ends = self->ends_;
  const auto frame = self->first_from(from);
  if (frame == ends.end()) {
    from = self->last + 1;
    return {};
  }
  const std::size_t begin = std::prev(frame)->offset;
  auto past = ends.end();
  if (self->bytes_.size() - begin > max_bytes) {
    // Past the last frame that still fits, at least past the first one.
    past =
        std::upper_bound(frame, ends.end(), begin + max_bytes,
                         [](std::size_t limit, const FrameEnd& end) { return limit < end.offset; });
    if (past == frame) ++past;
  }
  const auto final = std::ranges::lower_bound(self->finals_, frame->sequence);
  const bool has_final = final != self->finals_.end() && *final <= std::prev(past)->sequence;
  if (has_final) past = std::next(self->first_from(*final));
  const FrameEnd& taken = *std::prev(past);
  from = past == ends.end() ? self->last + 1 : taken.sequence + 1;
  return {{{self, &self->bytes_}, begin, taken.offset - begin, &self->ends_},
          taken.sequence,
          static_cast<std::size_t>(past - frame),
          has_final};
}

}  // namespace devs
