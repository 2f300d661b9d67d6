#pragma once

#include "orchestrator/streams/projection.h"

namespace devs {

// `websocket`: each entry, and each control event, as one text frame (streams 10).
class WebSocketProjection final : public Projection {
 public:
  std::string_view name() const override { return "websocket"; }
  void append(const EntryView& entry, std::string_view id, std::string& out) const override;
  bool needs_facts() const override { return false; }
  void append_control(const ControlEvent& event, std::string& out) const override;
};

// Of a message it made: is it an entry, not a control event?
bool is_entry_message(std::string_view message);

}  // namespace devs
