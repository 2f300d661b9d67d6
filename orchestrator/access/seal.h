#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/access/key_file.h"
#include "protocol/result.h"

namespace devs {

// Values we hand to a client and trust when they come back: encrypted, authenticated
// and bound to their purpose, so that one kind never passes for another (MCP page 7.5).
//
//   v1. + base64url(key id 1 byte, nonce 12, AES-256-GCM ciphertext, tag 16)
//
// The key of a purpose is HKDF-SHA256(key, purpose), and the purpose is associated data.
// Who made it, for whom and until when is the content's business.
//
// Thread-safe.
class Seal {
 public:
  using Key = SecretKey;

  // With the key of a file (open_key_file).
  static Result<Seal> open(const std::filesystem::path& file);
  explicit Seal(const Key& key);
  // With a random key: what it seals is good as long as this process.
  static Seal of_this_process();

  std::string seal(std::string_view purpose, std::string_view content) const;
  // Nullopt for everything seal() with this key and purpose did not write.
  std::optional<std::string> open(std::string_view purpose, std::string_view sealed) const;

 private:
  Key derived(std::string_view purpose) const;

  Key key_{};
  std::uint8_t key_id_ = 0;
};

}  // namespace devs
