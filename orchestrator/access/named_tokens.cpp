#include "orchestrator/access/named_tokens.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <optional>

#include "orchestrator/net/percent.h"
#include "protocol/ids.h"

namespace devs {
namespace {

// Whom nobody may call himself: they are given to who has no name.
constexpr std::array<std::string_view, 3> kOurNames{"local", "default", "anonymous"};

std::optional<TokenDigest> read_digest(const std::string& text) {
  TokenDigest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return digest;
}

std::string read_one(JsonView told, const std::vector<NamedToken>& before, NamedToken& token) {
  if (!told.is_object()) return "an object of name, sha256 and role";
  std::string unknown;
  told.each_member([&unknown](const std::string& member, JsonView) {
    if (member != "name" && member != "sha256" && member != "role") unknown = member;
  });
  if (!unknown.empty()) return "no member but name, sha256 and role";
  token.name = told["name"].string().value_or("");
  if (!is_saop_id(token.name)) return "as name 1 to 128 of A-Z a-z 0-9 . _ : @ -";
  if (std::ranges::find(kOurNames, token.name) != kOurNames.end())
    return "another name than local, default and anonymous";
  const auto digest = read_digest(told["sha256"].string().value_or(""));
  if (!digest) return "as sha256 64 hex digits (printf %s \"$TOKEN\" | sha256sum)";
  token.sha256 = *digest;
  if (!told["role"].is("operator") && !told["role"].is("user")) return "as role operator or user";
  token.is_operator = told["role"].is("operator");
  for (const NamedToken& other : before) {
    if (other.name == token.name) return "each name once";
    if (other.sha256 == token.sha256) return "each sha256 once";
  }
  return {};
}

}  // namespace

TokenDigest digest_of(std::string_view token) {
  TokenDigest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

std::string read_named_tokens(JsonView list, std::vector<NamedToken>& tokens) {
  if (!list.is_array() || list.size() > kMaxNamedTokens)
    return fmt::format("a list of at most {} tokens", kMaxNamedTokens);
  std::vector<NamedToken> read;
  std::string wrong;
  list.each_element([&](JsonView one) {
    if (!wrong.empty()) return;
    NamedToken token;
    if (const std::string expected = read_one(one, read, token); !expected.empty())
      wrong = fmt::format("{} (token {})", expected, read.size());
    read.push_back(std::move(token));
  });
  if (wrong.empty()) tokens = std::move(read);
  return wrong;
}

}  // namespace devs
