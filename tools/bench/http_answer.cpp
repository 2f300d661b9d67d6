#include "tools/bench/http_answer.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace devs {
namespace {

bool is(std::string_view name, std::string_view wanted) {
  return name.size() == wanted.size() &&
         strncasecmp(name.data(), wanted.data(), wanted.size()) == 0;
}

template <typename Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
  return std::from_chars(text.data(), text.data() + text.size(), number, base).ptr != text.data();
}

struct Framing {
  std::size_t length = 0;
  bool chunked = false;
};

// Calls `field(name, value)` for each header line of `head`.
template <typename OnField>
void each_field(std::string_view head, OnField field) {
  for (std::size_t at = head.find("\r\n"); at < head.size();) {
    at += 2;
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    const std::string_view line = head.substr(at, end - at);
    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      std::string_view value = line.substr(colon + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      field(line.substr(0, colon), value);
    }
    at = end;
  }
}

}  // namespace

bool HttpAnswers::take(Answer& answer) {
  const std::size_t head_end = waiting_.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  const std::string_view head = std::string_view(waiting_).substr(0, head_end);

  answer = {};
  if (!head.starts_with("HTTP/1.1 ") || !read_number(head.substr(9), answer.status)) {
    broken_ = true;
    return false;
  }
  Framing framing;
  each_field(head, [&](std::string_view name, std::string_view value) {
    if (is(name, "content-length")) {
      if (!read_number(value, framing.length)) broken_ = true;
    } else if (is(name, "transfer-encoding")) {
      framing.chunked = is(value, "chunked");
    } else if (is(name, "connection")) {
      answer.closes = is(value, "close");
    } else if (is(name, "mcp-session-id")) {
      answer.session = value;
    }
  });
  if (broken_) return false;

  const std::size_t body = head_end + 4;
  if (framing.chunked) return take_chunked(body, answer.body);
  if (waiting_.size() < body + framing.length) return false;
  answer.body = waiting_.substr(body, framing.length);
  waiting_.erase(0, body + framing.length);
  return true;
}

bool HttpAnswers::take_chunked(std::size_t from, std::string& body) {
  for (std::size_t at = from;;) {
    const std::size_t line_end = waiting_.find("\r\n", at);
    if (line_end == std::string::npos) return false;
    std::size_t size = 0;
    if (!read_number(std::string_view(waiting_).substr(at, line_end - at), size, 16)) {
      broken_ = true;
      return false;
    }
    const std::size_t next = line_end + 2 + size + 2;
    if (waiting_.size() < next) return false;
    if (size == 0) {  // no server here sends trailers
      waiting_.erase(0, next);
      return true;
    }
    body.append(waiting_, line_end + 2, size);
    at = next;
  }
}

}  // namespace devs
