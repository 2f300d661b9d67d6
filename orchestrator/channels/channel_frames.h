#pragma once

#include <string>
#include <string_view>

#include "trace/clock.h"

namespace devs {

// Frames that one stream of a channel is given besides the log's: named events, or with
// `framing=message` the same in their wrapper (streams 3.2).
struct ChannelFrames {
  bool in_messages = false;
  const Clock& clock;  // stamps what is wrapped

  // `data`: a JSON object.  Without `id`: of no entry.
  void append(std::string& out, std::string_view event, std::string_view data,
              std::string_view id = {}) const;
};

// One wrapped frame; `ms` since 1970, `retry_ms` 0: none.
void append_message_frame(std::string& out, std::string_view event, std::string_view data,
                          std::string_view id, std::int64_t ms, unsigned retry_ms = 0);

}  // namespace devs
