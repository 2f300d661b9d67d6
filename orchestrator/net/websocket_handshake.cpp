#include "orchestrator/net/websocket_handshake.h"

#include <openssl/evp.h>

#include <array>

#include "orchestrator/net/head_parser.h"
#include "protocol/base64.h"

namespace devs {
namespace {

constexpr std::string_view kVersion = "13";
constexpr std::size_t kKeyText = 24;  // 16 bytes in base64

HttpAnswer upgrade_required(std::string_view reason) {
  HttpAnswer answer = error_answer(426, "UPGRADE_REQUIRED", reason);
  answer.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", std::string(kVersion)}};
  return answer;
}

}  // namespace

std::optional<HttpAnswer> websocket_refusal(const RequestHead& head) {
  if (head.method != Method::get || head.http_1_0 || !has_token(head.field("upgrade"), "websocket"))
    return upgrade_required("websocket");
  if (head.field("sec-websocket-version") != kVersion) return upgrade_required("version");
  const std::string_view key = head.field("sec-websocket-key");
  const bool whole = has_token(head.field("connection"), "upgrade") &&
                     head.count("sec-websocket-version") == 1 &&
                     head.count("sec-websocket-key") == 1 && key.size() == kKeyText &&
                     key.ends_with("==") && is_base64(key);
  if (!whole) return error_answer(400, "BAD_REQUEST", "handshake");
  return std::nullopt;
}

HttpAnswer websocket_accepted(const RequestHead& head) {
  HttpAnswer answer;
  answer.status = 101;
  answer.type = ContentType::none;
  answer.headers = {{"Upgrade", "websocket"},
                    {"Connection", "Upgrade"},
                    {"Sec-WebSocket-Accept", websocket_accept(head.field("sec-websocket-key"))}};
  return answer;
}

std::string websocket_accept(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const std::string text = std::string(key).append(kGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64_encode({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace devs
