#include "orchestrator/mcp/request_state.h"

#include <openssl/sha.h>

#include <array>
#include <utility>

#include "protocol/ids.h"

namespace devs {
namespace {

constexpr std::string_view kPurpose = "state";
constexpr std::int64_t kLifeMs = 600'000;

// Lengths first, so that no two owners write the same bytes.
std::string digest_of(const StateOwner& owner) {
  std::string text;
  for (const std::string_view part : {owner.principal, owner.method, owner.name, owner.arguments}) {
    text += std::to_string(part.size()) + ':';
    text += part;
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

std::string seal_state(const Seal& seal, const StateOwner& owner, const RequestState& state,
                       std::int64_t now_ms) {
  std::string text = "{\"until\":" + std::to_string(now_ms + kLifeMs) +
                     ",\"of\":" + json_string(digest_of(owner)) +
                     ",\"round\":" + std::to_string(state.client.round) +
                     ",\"first\":" + json_string(state.first_call) +
                     ",\"state\":" + json_string(state.client.state) + ",\"answers\":{";
  bool first = true;
  for (const auto& [key, answer] : state.client.answers) {
    if (!std::exchange(first, false)) text += ',';
    append_json_string(text, key);
    text += ':' + answer;
  }
  return seal.seal(kPurpose, text + "}}");
}

std::optional<RequestState> open_state(const Seal& seal, const StateOwner& owner,
                                       std::string_view sealed, std::int64_t now_ms) {
  const auto text = seal.open(kPurpose, sealed);
  if (!text) return std::nullopt;
  const JsonView content(*text);
  if (content["until"].integer().value_or(0) < now_ms || !content["of"].is(digest_of(owner)))
    return std::nullopt;
  RequestState state;
  state.client.round = static_cast<unsigned>(content["round"].integer().value_or(0));
  state.client.state = content["state"].string().value_or("");
  state.first_call = content["first"].string().value_or("");
  content["answers"].each_member([&state](const std::string& key, JsonView answer) {
    state.client.answers.emplace(key, answer.text());
  });
  return state;
}

}  // namespace devs
