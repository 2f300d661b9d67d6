#include "orchestrator/streams/websocket_projection.h"

#include <initializer_list>

#include "orchestrator/net/websocket_frame.h"
#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::string_view kEntry = R"({"id":")";

// One frame: the header says how much comes, so the parts are not put together first.
void append_text(std::string& out, std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  out.reserve(out.size() + size + 10);
  append_websocket_header(out, WebSocketOpcode::text, size);
  for (const std::string_view part : parts) out += part;
}

}  // namespace

void WebSocketProjection::append(const EntryView& entry, std::string_view id,
                                 std::string& out) const {
  const std::string name = json_string(entry.facts.name);
  append_text(out, {kEntry, id, R"(","name":)", name, R"(,"envelope":)", entry.body, "}"});
}

void WebSocketProjection::append_control(const ControlEvent& event, std::string& out) const {
  append_text(out, {R"({"type":")", event.name, R"(","data":)", event.data, "}"});
}

bool is_entry_message(std::string_view message) {
  return message.starts_with(kEntry);
}

}  // namespace devs
