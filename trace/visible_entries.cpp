#include "trace/visible_entries.h"

#include <algorithm>

namespace devs {

VisibleEntries visible_entries(const TraceStreamBus& bus, const StoredLog& log, Sequence from,
                               ReadLimits limits) {
  VisibleEntries found;
  const auto read = bus.read(from, limits.entries, limits.bytes, found.entries);
  if (read != TraceStreamBus::Read::behind) return found;
  const ReadOutcome outcome = read_entries(log, from, limits, found.entries);
  if (outcome.loss) {
    found.missed_through = std::min(outcome.next, bus.oldest()) - 1;
    return found;
  }
  const Sequence head = bus.head();
  std::erase_if(found.entries, [head](const EntryPtr& entry) { return entry->sequence > head; });
  return found;
}

}  // namespace devs
