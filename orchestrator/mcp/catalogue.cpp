#include "orchestrator/mcp/catalogue.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/ids.h"
#include "protocol/mcp.h"
#include "trace/random.h"

namespace devs {
namespace {

constexpr std::size_t kSealBytes = 16;  // of HMAC-SHA256: enough, and short to carry

std::array<std::uint8_t, 32> new_key() {
  std::array<std::uint8_t, 32> key{};
  random_bytes(key);
  return key;
}

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

Status bad_cursor() {
  return Status(Code::invalid_argument, "Invalid cursor");
}

}  // namespace

Catalogue::Catalogue(ToolRegistry& tools, std::size_t page_size)
    : tools_(tools), page_size_(std::max<std::size_t>(page_size, 1)), key_(new_key()) {
}

Result<std::string> Catalogue::tools_page(std::string_view principal, const std::string* cursor,
                                          McpRevision revision, TimePoint now) {
  ToolSetPtr tools = tools_.snapshot();
  std::size_t offset = 0;
  if (cursor != nullptr) {
    auto place = open(principal, *cursor);
    if (!place.ok()) return place.status();
    offset = place->offset;
    if (place->generation != tools->generation()) tools = held(place->generation, now);
    if (!tools || offset >= tools->listed().size()) return bad_cursor();
  }
  const auto& listed = tools->listed();
  const std::size_t end = std::min(listed.size(), offset + page_size_);
  std::string next;
  if (end < listed.size()) {
    next = seal(principal, {.generation = tools->generation(), .offset = end});
    hold(tools, now);
  }
  if (offset == 0 && next.empty()) return encode_tools_page(listed, {}, revision);
  using Difference = std::vector<const ToolSpec*>::difference_type;
  const std::vector<const ToolSpec*> page(listed.begin() + static_cast<Difference>(offset),
                                          listed.begin() + static_cast<Difference>(end));
  return encode_tools_page(page, next, revision);
}

std::string Catalogue::seal(std::string_view principal, Place place) const {
  std::string cursor = std::to_string(place.generation) + "." + std::to_string(place.offset);
  std::string sealed = cursor + "." + std::string(principal);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size(), mac.data(), &size);
  return cursor + "." + hex({reinterpret_cast<const char*>(mac.data()), kSealBytes});
}

Result<Catalogue::Place> Catalogue::open(std::string_view principal,
                                         std::string_view cursor) const {
  const std::size_t first = cursor.find('.');
  const std::size_t second = first == std::string_view::npos ? first : cursor.find('.', first + 1);
  if (second == std::string_view::npos) return bad_cursor();
  const auto generation = decimal(cursor.substr(0, first));
  const auto offset = decimal(cursor.substr(first + 1, second - first - 1));
  if (!generation || !offset) return bad_cursor();
  const Place place{.generation = *generation, .offset = static_cast<std::size_t>(*offset)};
  const std::string ours = seal(principal, place);
  if (ours.size() != cursor.size() || CRYPTO_memcmp(ours.data(), cursor.data(), ours.size()) != 0) {
    return bad_cursor();
  }
  return place;
}

void Catalogue::hold(const ToolSetPtr& tools, TimePoint now) {
  MutexLock lock(mutex_);
  std::erase_if(held_, [&](const Held& held) { return held.until < now || held.tools == tools; });
  held_.push_back({.tools = tools, .until = now + kCursorLife});
  if (held_.size() > kMaxSnapshots) held_.pop_front();
}

ToolSetPtr Catalogue::held(std::uint64_t generation, TimePoint now) {
  MutexLock lock(mutex_);
  std::erase_if(held_, [now](const Held& held) { return held.until < now; });
  for (const Held& held : held_) {
    if (held.tools->generation() == generation) return held.tools;
  }
  return nullptr;
}

}  // namespace devs
