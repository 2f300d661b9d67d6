#include "protocol/sse_frame.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace devs {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  for (const char c : value) {
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
  out += '\n';
}

// Two passes of memchr are several times as fast as one look for either.
std::size_t line_end(std::string_view data) {
  return std::min(data.find('\n'), data.find('\r'));
}

void append_data(std::string& out, std::string_view data) {
  for (;;) {
    const std::size_t end = line_end(data);
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) return;
    const bool pair = data[end] == '\r' && data.substr(end + 1).starts_with('\n');
    data.remove_prefix(end + (pair ? 2 : 1));
  }
}

}  // namespace

void append_sse_frame(std::string& out, const SseEvent& event) {
  out.reserve(out.size() + event.id.size() + event.event.size() + event.data.size() + 48);
  if (event.retry_ms != 0) {
    out += "retry: ";
    out += std::to_string(event.retry_ms);
    out += '\n';
  }
  if (!event.id.empty()) append_field(out, "id: ", event.id);
  if (!event.event.empty()) append_field(out, "event: ", event.event);
  if (event.has_data) append_data(out, event.data);
  out += '\n';
}

void append_sse_comment(std::string& out, std::string_view text) {
  append_field(out, text.empty() ? ":" : ": ", text);
  out += '\n';
}

void append_chunk(std::string& out, std::string_view payload) {
  if (payload.empty()) return;  // a chunk of nothing would end the body
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), payload.size(), 16).ptr;
  out.reserve(out.size() + payload.size() + 20);
  out.append(size.data(), end);
  out += "\r\n";
  out += payload;
  out += "\r\n";
}

}  // namespace devs
