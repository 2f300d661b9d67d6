#pragma once

#include <memory>
#include <optional>
#include <string>

#include "protocol/envelope.h"
#include "protocol/ids.h"
#include "trace/clock.h"

namespace devs {

// One line of the log.  A value: built once, then shared and never changed.
// The body is JSON text, kept verbatim and never parsed by trace/; the facts
// were taken from it by whoever published it.
struct Entry {
  Sequence sequence = 0;
  std::string body;
  EnvelopeFacts facts;
  std::string topics = {};      // those the envelope does not name itself: "owner:u1"; often empty
  TimePoint published_at = {};  // by the steady clock; not of one that comes from disk
};
using EntryPtr = std::shared_ptr<const Entry>;

// An entry that has no place in the order yet.
struct Draft {
  std::string body;  // one line: no LF inside
  EnvelopeFacts facts;
  // Where the bus writes the 19 digits of the stamp; nullopt: a host's envelope,
  // never restamped.
  std::optional<std::size_t> stamp_at;
  std::string topics = {};  // as Entry::topics
};

Draft draft_of(EncodedEnvelope envelope);            // ours
Draft draft_of_published(std::string compact_body);  // a host's

}  // namespace devs
