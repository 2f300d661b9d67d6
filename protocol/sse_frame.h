#pragma once

#include <string>
#include <string_view>

namespace devs {

// Event to text (WHATWG HTML, server-sent events; streams 1.1).
//
// Lines in the order retry, id, event, data; LF only; one data line; an empty
// line at the end.  CR, LF and NUL in id or event would smuggle lines: they are
// a bug of the caller and are left out, character by character.  CR and LF in
// data split it into more data lines, as the format defines.
struct SseEvent {
  std::string_view id;     // empty: no id line
  std::string_view event;  // empty: no event line
  std::string_view data;
  unsigned retry_ms = 0;  // 0: no retry line
  bool has_data = true;   // false: a frame of id or retry alone
};
void append_sse_frame(std::string& out, const SseEvent& event);
// `: text\n\n`; `:\n\n` when `text` is empty.  CR, LF and NUL are left out.
void append_sse_comment(std::string& out, std::string_view text);

// One HTTP/1.1 chunk around `payload`: hex length, CRLF, payload, CRLF.  Nothing
// for an empty payload, which would end the body.
void append_chunk(std::string& out, std::string_view payload);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace devs
