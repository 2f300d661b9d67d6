#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"

namespace devs {

using TokenDigest = std::array<unsigned char, 32>;  // SHA-256
TokenDigest digest_of(std::string_view token);

// A bearer of the config file: whose it is, and its digest, so that the file holds no
// secret.
struct NamedToken {
  std::string name;
  TokenDigest sha256{};
  bool is_operator = false;
  bool operator==(const NamedToken&) const = default;
};

// Each request's bearer is compared with every one of them.
inline constexpr std::size_t kMaxNamedTokens = 256;

// `auth.tokens`: `[{"name":"u1","sha256":"<64 hex>","role":"user"}]`.  Empty when it was
// taken, else what was expected and where; never what was there.
std::string read_named_tokens(JsonView list, std::vector<NamedToken>& tokens);

}  // namespace devs
