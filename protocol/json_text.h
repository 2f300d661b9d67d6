#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// What json.cpp, json_view.cpp and json_text.cpp share; of no use to anybody else.
namespace devs {

// Index of the first byte at or after `at` that a JSON string may not take over
// as it is: a quote, a backslash, a control byte or the start of a non-ASCII
// sequence; the size when there is none.  Eight bytes a step.
inline std::size_t plain_end(std::string_view text, std::size_t at) {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    constexpr std::uint64_t kHighs = 0x8080808080808080U;
    while (at + 8 <= text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      const std::uint64_t quote = word ^ (kOnes * 0x22);
      const std::uint64_t slash = word ^ (kOnes * 0x5c);
      // Each term may mark a wrong byte only above a right one, so the lowest
      // mark of their union is right.
      const std::uint64_t marks = (((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash) |
                                   ((word - kOnes * 0x20) & ~word) | word) &
                                  kHighs;
      if (marks != 0) return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
      at += 8;
    }
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
  }
  return at;
}

// Length of the well-formed UTF-8 sequence that begins at `at`; 0 when there is
// none.  REQUIRES: at < bytes.size()
std::size_t utf8_sequence(std::string_view bytes, std::size_t at);

// The code unit in the four hex digits at `at`, or -1.
int hex_unit(std::string_view text, std::size_t at);

// Decodes the escape whose backslash is at `at`, moves `at` past it and returns
// how many bytes of UTF-8 it wrote.  What is no escape becomes U+FFFD.
std::size_t decode_escape(std::string_view inner, std::size_t& at, char (&out)[4]);

// The value of a string from what stands between its quotes.
std::string unescaped(std::string_view inner);
bool equals_unescaped(std::string_view inner, std::string_view value);

}  // namespace devs
