#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "orchestrator/upstream/upstream_config.h"
#include "protocol/ids.h"

namespace devs {
namespace {

// What every client in the field accepts.
constexpr std::size_t kMaxOfferedName = 64;
constexpr std::size_t kHashBytes = 4;  // 8 hex digits

bool is_name_byte(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

std::string hash_of(std::string_view server, std::string_view tool) {
  std::string text(server);
  text += '\0';
  text += tool;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  std::string head;
  for (std::size_t i = 0; i < kHashBytes; ++i) head += static_cast<char>(digest[i]);
  return hex(head);
}

}  // namespace

std::string namespaced_tool(std::string_view server, std::string_view tool, bool taken) {
  std::string name(server);
  name += "__";
  for (const char c : tool) {
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) continue;  // one '_' per character
    name += is_name_byte(c) ? c : '_';
  }
  if (!taken && name.size() <= kMaxOfferedName) return name;
  name.resize(std::min(name.size(), kMaxOfferedName - 1 - 2 * kHashBytes));
  name += '_';
  name += hash_of(server, tool);
  return name;
}

}  // namespace devs
