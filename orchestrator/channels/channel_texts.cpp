#include "orchestrator/channels/channel_texts.h"

#include "trace/visible_entries.h"

namespace devs {
namespace {

// Turns of one debate lie close together: what lies between two of them is read over.
constexpr ReadLimits kStretch{64, 256 * 1024};

}  // namespace

void ChannelTexts::read(Turns::const_iterator from, Turns::const_iterator to,
                        const OnTurn& on_turn) const {
  while (from != to) {
    const VisibleEntries found = visible_entries(bus, log, from->sequence, kStretch);
    if (found.entries.empty()) {
      if (found.missed_through == 0) return;
      while (from != to && from->sequence <= found.missed_through) ++from;
      continue;
    }
    for (const EntryPtr& entry : found.entries) {
      while (from != to && from->sequence < entry->sequence) ++from;
      if (from == to || entry->sequence < from->sequence) continue;
      if (!on_turn(*from, *entry)) return;
      ++from;
    }
  }
}

}  // namespace devs
