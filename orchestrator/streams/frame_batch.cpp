#include "orchestrator/streams/frame_batch.h"

#include <algorithm>

namespace devs {

FrameBatch::Taken FrameBatch::take(const FrameBatchPtr& self, Sequence& from,
                                   std::size_t max_bytes) {
  const std::vector<End>& ends = self->ends_;
  auto frame = ends.begin();
  if (from > self->first)
    frame = std::lower_bound(ends.begin(), ends.end(), from, [](const End& end, Sequence wanted) {
      return end.sequence < wanted;
    });
  if (frame == ends.end()) {
    from = self->last + 1;
    return {};
  }
  const std::size_t begin = frame == ends.begin() ? 0 : std::prev(frame)->offset;
  auto past = ends.end();
  if (self->bytes_.size() - begin > max_bytes) {
    // Past the last frame that still fits, at least past the first one.
    past = std::upper_bound(
        frame, ends.end(), begin + max_bytes,
        [](std::size_t limit, const End& end) { return limit < end.offset; });
    if (past == frame) ++past;
  }
  const End& taken = *std::prev(past);
  from = past == ends.end() ? self->last + 1 : taken.sequence + 1;
  return {{{self, &self->bytes_}, begin, taken.offset - begin}, taken.sequence};
}

}  // namespace devs
