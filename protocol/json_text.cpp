#include "protocol/json_text.h"

#include <algorithm>

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::size_t encode_utf8(std::uint32_t point, char (&out)[4]) {
  const auto put = [&out](std::size_t at, std::uint32_t byte) {
    out[at] = static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (point < 0x80) {
    put(0, point);
    return 1;
  }
  if (point < 0x800) {
    put(0, 0xC0U | (point >> 6U));
    put(1, 0x80U | (point & 0x3FU));
    return 2;
  }
  if (point < 0x10000) {
    put(0, 0xE0U | (point >> 12U));
    put(1, 0x80U | ((point >> 6U) & 0x3FU));
    put(2, 0x80U | (point & 0x3FU));
    return 3;
  }
  put(0, 0xF0U | (point >> 18U));
  put(1, 0x80U | ((point >> 12U) & 0x3FU));
  put(2, 0x80U | ((point >> 6U) & 0x3FU));
  put(3, 0x80U | (point & 0x3FU));
  return 4;
}

std::size_t replace(std::string_view inner, std::size_t& at, char (&out)[4]) {
  at = inner.size();  // only text that never passed the guard comes here
  kReplacement.copy(out, kReplacement.size());
  return kReplacement.size();
}

// The letter after the backslash, or 0 when there is no short form.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

}  // namespace

std::size_t utf8_sequence(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t offset) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[at + offset]));
  };
  const std::size_t left = bytes.size() - at;
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || left < 2 || !is_continuation(bytes[at + 1])) return 0;
  if (lead < 0xE0) return 2;
  const unsigned second = byte(1);
  if (lead < 0xF0) {
    if (left < 3 || !is_continuation(bytes[at + 2])) return 0;
    if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
    if (lead == 0xED && second > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (lead > 0xF4 || left < 4) return 0;
  if (!is_continuation(bytes[at + 2]) || !is_continuation(bytes[at + 3])) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;  // overlong
  if (lead == 0xF4 && second > 0x8F) return 0;  // beyond U+10FFFF
  return 4;
}

int hex_unit(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return -1;
  int unit = 0;
  for (const char c : text.substr(at, 4)) {
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return -1;
    }
    unit = unit * 16 + digit;
  }
  return unit;
}

std::size_t decode_escape(std::string_view inner, std::size_t& at, char (&out)[4]) {
  if (at + 1 >= inner.size()) return replace(inner, at, out);
  const char kind = inner[at + 1];
  if (kind != 'u') {
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    const std::size_t which = kFrom.find(kind);
    if (which == std::string_view::npos) return replace(inner, at, out);
    at += 2;
    out[0] = kTo[which];
    return 1;
  }
  const int high = hex_unit(inner, at + 2);
  if (high < 0 || (high >= 0xDC00 && high <= 0xDFFF)) return replace(inner, at, out);
  if (high < 0xD800 || high > 0xDFFF) {
    at += 6;
    return encode_utf8(static_cast<std::uint32_t>(high), out);
  }
  const bool paired = at + 12 <= inner.size() && inner[at + 6] == '\\' && inner[at + 7] == 'u';
  const int low = paired ? hex_unit(inner, at + 8) : -1;
  if (low < 0xDC00 || low > 0xDFFF) return replace(inner, at, out);
  at += 12;
  const int point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  return encode_utf8(static_cast<std::uint32_t>(point), out);
}

std::string unescaped(std::string_view inner) {
  std::string value;
  std::size_t at = inner.find('\\');
  if (at == std::string_view::npos) return std::string(inner);
  value.reserve(inner.size());
  value.append(inner.substr(0, at));
  while (at < inner.size()) {
    char bytes[4];
    const std::size_t count = decode_escape(inner, at, bytes);
    value.append(bytes, count);
    const std::size_t next = std::min(inner.find('\\', at), inner.size());
    value.append(inner.substr(at, next - at));
    at = next;
  }
  return value;
}

bool equals_unescaped(std::string_view inner, std::string_view value) {
  if (value.size() > inner.size()) return false;
  if (!inner.empty() && inner[0] != '\\' && !value.starts_with(inner[0])) return false;
  if (inner.find('\\') == std::string_view::npos) return inner == value;
  std::size_t at = 0;
  while (at < inner.size()) {
    if (inner[at] != '\\') {
      if (value.empty() || value.front() != inner[at]) return false;
      value.remove_prefix(1);
      ++at;
      continue;
    }
    char bytes[4];
    const std::size_t count = decode_escape(inner, at, bytes);
    if (!value.starts_with(std::string_view(bytes, count))) return false;
    value.remove_prefix(count);
  }
  return value.empty();
}

void append_json_string(std::string& out, std::string_view utf8) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.push_back('"');
  std::size_t at = 0;
  while (at < utf8.size()) {
    const std::size_t end = plain_end(utf8, at);
    out.append(utf8.substr(at, end - at));
    at = end;
    if (at == utf8.size()) break;
    const char c = utf8[at];
    if (static_cast<unsigned char>(c) >= 0x80) {
      const std::size_t length = utf8_sequence(utf8, at);
      if (length == 0) {
        out.append(kReplacement);
        ++at;
      } else {
        out.append(utf8.substr(at, length));
        at += length;
      }
      continue;
    }
    ++at;
    if (const char letter = short_escape(c)) {
      const char pair[2] = {'\\', letter};
      out.append(pair, sizeof pair);
    } else {
      out.append("\\u00");
      out.push_back(kHex[static_cast<unsigned char>(c) >> 4U]);
      out.push_back(kHex[static_cast<unsigned char>(c) & 0x0FU]);
    }
  }
  out.push_back('"');
}

std::string json_string(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size() + 2);
  append_json_string(out, utf8);
  return out;
}

bool is_utf8(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (static_cast<unsigned char>(bytes[at]) < 0x80) {
      ++at;
      continue;
    }
    const std::size_t length = utf8_sequence(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string_view utf8_prefix(std::string_view utf8, std::size_t limit) {
  if (utf8.size() <= limit) return utf8;
  std::size_t end = limit;
  while (end > 0 && limit - end < 4 && is_continuation(utf8[end])) --end;
  return utf8.substr(0, end);
}

}  // namespace devs
