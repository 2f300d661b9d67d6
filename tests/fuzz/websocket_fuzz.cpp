#include <algorithm>
#include <string>
#include <vector>

#include "orchestrator/net/websocket_session.h"
#include "protocol/json.h"
#include "tests/fuzz/law.h"

// Laws: the same bytes in other pieces are the same messages, the same answers and the
// same end; a message is UTF-8 and within its limit; after the end nothing is heard; what
// is owed is whole frames; a message that is masked comes out as it was.
namespace devs {
namespace {

constexpr WebSocketReader::Limits kLimits{.message_bytes = 512, .fragments = 8};

struct Heard {
  std::vector<std::string> messages;
  std::string owed;
  std::uint64_t pongs = 0;
  bool over = false;
  bool operator==(const Heard&) const = default;
};

Heard hear(std::string_view bytes, std::size_t piece) {
  WebSocketSession session(kLimits);
  Heard heard;
  while (!bytes.empty()) {
    const std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    session.receive(now, [&](std::string_view message) {
      law(!session.over() && !session.closing(), "after the end nothing is heard");
      law(is_utf8(message) && message.size() <= kLimits.message_bytes,
          "a message is text, bounded");
      heard.messages.emplace_back(message);
    });
  }
  heard.owed = session.owed();
  heard.pongs = session.pongs();
  heard.over = session.over();
  return heard;
}

void whole_frames(std::string_view frames) {
  while (!frames.empty()) {
    law(frames.size() >= 2, "what is owed is whole frames");
    const std::size_t before = frames.size();
    const std::string_view payload = take_websocket_payload(frames);
    law(payload.size() <= 125 && frames.size() == before - 2 - payload.size(),
        "what is owed is whole control frames");
  }
}

std::string masked(std::string_view payload, std::string_view mask) {
  std::string frame;
  append_websocket_frame(frame, WebSocketOpcode::text, payload);
  frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80U);
  frame.resize(frame.size() - payload.size());
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace devs;
  const std::string_view bytes = bytes_of(data, size);
  const Heard whole = hear(bytes, std::max<std::size_t>(bytes.size(), 1));
  whole_frames(whole.owed);
  for (const std::size_t piece : {1U, 2U, 5U, 33U})
    law(hear(bytes, piece) == whole, "pieces change nothing");
  if (size >= 4) {
    const std::string_view text = bytes.substr(4, kLimits.message_bytes);
    const Heard back = hear(masked(text, bytes.substr(0, 4)), 7);
    law(is_utf8(text) ? back.messages == std::vector<std::string>{std::string(text)}
                      : back.messages.empty() && back.over,
        "what was masked comes out as it was");
  }
  return 0;
}
