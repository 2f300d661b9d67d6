#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/limits.h"
#include "protocol/status.h"

namespace devs {

// Text to events, incrementally, at any split of the bytes (WHATWG HTML 9.2.6):
// CR, LF and CRLF line ends, BOM, comments, `retry`, an `id` that persists.
//
// Confined to whoever feeds it.  Bounded by `max_event_bytes`: an event larger
// than that fails the parser for good.
class SseParser {
 public:
  struct Event {
    std::string id;  // the last event id as of this event
    std::string event = "message";
    std::string data;
  };
  using OnEvent = std::function<void(const Event&)>;

  explicit SseParser(OnEvent on_event, std::size_t max_event_bytes = kMaxSseEventBytes)
      : on_event_(std::move(on_event)), max_event_bytes_(max_event_bytes) {}

  // resource_exhausted, from then on, when an event passed the bound.
  Status feed(std::string_view bytes);

  // The id to resume from: that of the last finished block, so an event cut in
  // the middle is asked for again.
  const std::string& last_event_id() const { return last_id_; }
  long retry_ms() const { return retry_ms_; }         // -1: none seen
  std::size_t comments() const { return comments_; }  // heartbeats seen

 private:
  void line(std::string_view text);
  void field(std::string_view name, std::string_view value);
  void dispatch();

  const OnEvent on_event_;
  const std::size_t max_event_bytes_;
  std::string pending_;  // an unfinished line
  bool after_cr_ = false;
  bool at_start_ = true;
  bool failed_ = false;
  std::string data_, event_;
  std::string next_id_;  // becomes last_id_ at the end of the block
  std::string last_id_;
  bool has_data_ = false;
  long retry_ms_ = -1;
  std::size_t comments_ = 0;
};

}  // namespace devs
