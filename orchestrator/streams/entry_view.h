#pragma once

#include <string_view>

#include "trace/entry.h"

namespace devs {

// An entry as streams look at it, wherever it lies: in the ring, or in a line just
// read from the log.  Valid as long as what it looks at.
struct EntryView {
  Sequence sequence = 0;
  std::string_view body;
  const EnvelopeFacts& facts;
  std::string_view topics;  // as Entry::topics

  EntryView(const Entry& entry)
      : sequence(entry.sequence), body(entry.body), facts(entry.facts), topics(entry.topics) {}
  EntryView(Sequence n, std::string_view text, const EnvelopeFacts& known,
            std::string_view more_topics = {})
      : sequence(n), body(text), facts(known), topics(more_topics) {}
};

}  // namespace devs
