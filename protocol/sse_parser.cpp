#include "protocol/sse_parser.h"

#include <algorithm>
#include <charconv>

namespace devs {

Status SseParser::feed(std::string_view bytes) {
  while (!failed_ && !bytes.empty()) {
    if (after_cr_ && bytes.front() == '\n') {  // the second half of a CRLF
      bytes.remove_prefix(1);
      after_cr_ = false;
      continue;
    }
    after_cr_ = false;
    const auto end =
        std::find_if(bytes.begin(), bytes.end(), [](char c) { return c == '\n' || c == '\r'; });
    const auto length = static_cast<std::size_t>(end - bytes.begin());
    const std::string_view part = bytes.substr(0, length);
    if (pending_.size() + data_.size() + part.size() > max_event_bytes_) {
      failed_ = true;
      break;
    }
    if (end == bytes.end()) {
      pending_ += part;
      break;
    }
    after_cr_ = *end == '\r';
    bytes.remove_prefix(length + 1);
    if (pending_.empty()) {
      line(part);
    } else {
      pending_ += part;
      line(pending_);
      pending_.clear();
    }
  }
  if (!failed_) return {};
  pending_ = data_ = std::string();
  return Status(Code::resource_exhausted,
                "an event of more than " + std::to_string(max_event_bytes_) + " bytes");
}

void SseParser::line(std::string_view text) {
  if (at_start_ && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  at_start_ = false;
  if (text.empty()) return dispatch();
  const std::size_t colon = text.find(':');
  if (colon == 0) {
    ++comments_;
    return;
  }
  const std::string_view name = text.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) value = text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  field(name, value);
}

void SseParser::field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (name == "event") {
    event_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) next_id_ = value;
  } else if (name == "retry") {
    long wait = 0;
    const char* end = value.data() + value.size();
    const bool digits =
        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits && !value.empty() && std::from_chars(value.data(), end, wait).ec == std::errc()) {
      retry_ms_ = wait;
    }
  }
}

void SseParser::dispatch() {
  last_id_ = next_id_;
  if (has_data_) {
    Event event;
    event.id = last_id_;
    if (!event_.empty()) event.event = event_;
    event.data = std::move(data_);
    on_event_(event);
  }
  data_.clear();
  event_.clear();
  has_data_ = false;
}

}  // namespace devs
