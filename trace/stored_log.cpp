#include "trace/stored_log.h"

#include <memory>

#include "protocol/envelope.h"

namespace devs {

std::string_view name_of(LossReason reason) {
  switch (reason) {
    case LossReason::expired:
      return "expired";
    case LossReason::corrupt:
      return "corrupt";
    case LossReason::recorder:
      return "recorder";
  }
  return "corrupt";
}

ReadOutcome read_entries(const StoredLog& log, Sequence from, ReadLimits limits,
                         std::vector<EntryPtr>& out) {
  return log.read(from, limits, [&out](const StoredLine& line) {
    auto entry = std::make_shared<Entry>();
    entry->sequence = line.sequence;
    entry->body = line.body;
    entry->facts = facts_of(line.body);
    entry->topics = line.topics;
    out.push_back(std::move(entry));
  });
}

Sequence last_until(const StoredLog& log, std::int64_t ms) {
  const Sequence after = log.first_since(ms + 1);
  const ReadOutcome behind = log.read(after, {.entries = 1, .bytes = 0}, [](const StoredLine&) {});
  return behind.loss ? behind.loss->through : after - 1;
}

}  // namespace devs
