#include "orchestrator/upstream/correlation.h"

#include <utility>

namespace devs {

bool Correlation::answer(std::uint64_t id, UpstreamReply reply) {
  auto found = waiting_.extract(id);
  if (found.empty()) return false;
  found.mapped()(std::move(reply));
  return true;
}

void Correlation::end_all(const std::string& why) {
  // Whoever hears it may ask anew; those are not told.
  std::map<std::uint64_t, OnReply> ended = std::exchange(waiting_, {});
  for (auto& [id, on_reply] : ended) {
    UpstreamReply reply;
    reply.unavailable = why;
    on_reply(std::move(reply));
  }
}

}  // namespace devs
