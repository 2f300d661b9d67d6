#include "protocol/base64.h"

#include <cstdint>

namespace devs {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = bytes.size() - at < 3 ? bytes.size() - at : 3;
    std::uint32_t group = 0;
    for (std::size_t offset = 0; offset < 3; ++offset) {
      group <<= 8U;
      if (offset < count) group |= static_cast<unsigned char>(bytes[at + offset]);
    }
    for (std::size_t digit = 0; digit < 4; ++digit) {
      out += digit <= count ? kAlphabet[(group >> (18 - 6 * digit)) & 0x3FU] : '=';
    }
  }
  return out;
}

bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  if (text.empty()) return true;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::size_t last = 0;
  for (const char c : text) {
    last = kAlphabet.find(c);
    if (last == std::string_view::npos) return false;
  }
  const std::size_t unused = padding == 0 ? 0 : padding == 1 ? 0x3U : 0xFU;
  return (last & unused) == 0;
}

}  // namespace devs
