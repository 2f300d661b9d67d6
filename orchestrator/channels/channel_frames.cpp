#include "orchestrator/channels/channel_frames.h"

#include <fmt/format.h>

#include <chrono>

#include "protocol/json.h"
#include "protocol/sse_frame.h"

namespace devs {

void ChannelFrames::append(std::string& out, std::string_view event, std::string_view data,
                           std::string_view id) const {
  if (!in_messages) return append_sse_frame(out, {.id = id, .event = event, .data = data});
  const auto now = clock.wall().time_since_epoch();
  append_message_frame(out, event, data, id,
                       std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

void append_message_frame(std::string& out, std::string_view event, std::string_view data,
                          std::string_view id, std::int64_t ms, unsigned retry_ms) {
  const std::string text = fmt::format(R"({{"event":{},"data":{},"timestamp":{},"id":"{}"}})",
                                       json_string(event), data, ms, id);
  append_sse_frame(out, {.id = id, .event = {}, .data = text, .retry_ms = retry_ms});
}

}  // namespace devs
