#include "protocol/ids.h"

#include <algorithm>
#include <charconv>

#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::size_t kEpochDigits = 10;
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_lower_hex(char c) {
  return kHexDigits.find(c) != std::string_view::npos;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_id_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '_' || c == ':' || c == '@' || c == '-';
}

}  // namespace

std::string encode_event_id(std::string_view epoch, Sequence sequence) {
  std::string id(epoch);
  id += '-';
  id += std::to_string(sequence);
  return id;
}

Result<EventId> decode_event_id(std::string_view text) {
  const Status refused(Code::invalid_argument, "not an event id (<epoch>-<sequence>)");
  if (text.size() > kMaxLastEventIdBytes || text.size() < kEpochDigits + 2) return refused;
  const std::string_view epoch = text.substr(0, kEpochDigits);
  if (!std::all_of(epoch.begin(), epoch.end(), is_lower_hex)) return refused;
  if (text[kEpochDigits] != '-') return refused;
  const std::string_view digits = text.substr(kEpochDigits + 1);
  if (digits.front() == '0' && digits.size() > 1) return refused;
  EventId id{std::string(epoch), 0};
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, id.sequence);
  if (error != std::errc() || stop != end) return refused;
  return id;
}

bool is_saop_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::all_of(text.begin(), text.end(), is_id_char);
}

std::string reduce_to_saop_id(std::string_view text) {
  std::string id;
  bool kept = false;
  for (const char c : text) {
    if (id.size() == kMaxIdBytes) break;
    if (is_id_char(c)) {
      id += c;
      kept = true;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      id += '-';  // one for a whole code point
    }
  }
  return kept ? id : "unknown";
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
    if (dash ? text[at] != '-' : !is_hex(text[at])) return false;
  }
  return true;
}

std::string uuid_v7(std::uint64_t unix_ms, const std::array<std::uint8_t, 10>& random) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t at = 0; at < 6; ++at) {
    bytes[at] = static_cast<std::uint8_t>((unix_ms >> (40 - 8 * at)) & 0xFFU);
  }
  std::copy(random.begin(), random.end(), bytes.begin() + 6);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x70U);  // version 7
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);  // variant 10
  std::string text;
  text.reserve(36);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at == 4 || at == 6 || at == 8 || at == 10) text += '-';
    text += kHexDigits[bytes[at] >> 4U];
    text += kHexDigits[bytes[at] & 0x0FU];
  }
  return text;
}

std::string hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += kHexDigits[static_cast<unsigned char>(byte) >> 4U];
    text += kHexDigits[static_cast<unsigned char>(byte) & 0x0FU];
  }
  return text;
}

}  // namespace devs
