#include "orchestrator/net/websocket_frame.h"

#include <algorithm>
#include <utility>

#include "protocol/json.h"

namespace devs {
namespace {

constexpr std::size_t kMaxControl = 125;
constexpr std::uint8_t kLast = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kShort = 0x7f;
constexpr std::uint8_t kIn2Bytes = 126;
constexpr std::uint8_t kIn8Bytes = 127;
constexpr std::size_t kMaskBytes = 4;

std::size_t length_bytes(std::uint8_t second) {
  const std::uint8_t length = second & kShort;
  return length == kIn8Bytes ? 8 : length == kIn2Bytes ? 2 : 0;
}

std::uint64_t big_endian(const std::uint8_t* from, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8U | from[i];
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) out += static_cast<char>(value >> 8 * i & 0xffU);
}

// Codes a peer may send (RFC 6455 7.4); others are only ever said by a library to its user.
bool is_sent_code(std::uint64_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

void append_websocket_header(std::string& out, WebSocketOpcode opcode, std::size_t size) {
  out += static_cast<char>(kLast | static_cast<std::uint8_t>(opcode));
  if (size < kIn2Bytes) {
    out += static_cast<char>(size);
  } else if (size <= 0xffff) {
    out += static_cast<char>(kIn2Bytes);
    append_big_endian(out, size, 2);
  } else {
    out += static_cast<char>(kIn8Bytes);
    append_big_endian(out, size, 8);
  }
}

void append_websocket_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload) {
  out.reserve(out.size() + payload.size() + 10);
  append_websocket_header(out, opcode, payload.size());
  out += payload;
}

void append_websocket_close(std::string& out, WebSocketClose code, std::string_view reason) {
  std::string payload;
  append_big_endian(payload, static_cast<std::uint16_t>(code), 2);
  payload += reason.substr(0, kMaxControl - 2);
  append_websocket_frame(out, WebSocketOpcode::close, payload);
}

std::string_view take_websocket_payload(std::string_view& frames) {
  const auto* const header = reinterpret_cast<const std::uint8_t*>(frames.data());
  const std::size_t more = length_bytes(header[1]);
  const std::uint64_t length = more == 0 ? header[1] : big_endian(header + 2, more);
  const std::string_view payload = frames.substr(2 + more, length);
  frames.remove_prefix(2 + more + payload.size());
  return payload;
}

WebSocketOpcode WebSocketReader::opcode() const {
  return static_cast<WebSocketOpcode>(header_[0] & kOpcode);
}
bool WebSocketReader::is_last() const {
  return (header_[0] & kLast) != 0;
}
bool WebSocketReader::is_control() const {
  return (header_[0] & kOpcode) >= static_cast<std::uint8_t>(WebSocketOpcode::close);
}

WebSocketReader::Step WebSocketReader::refuse(WebSocketClose code) {
  refusal_ = code;
  return Step::refused;
}

WebSocketReader::Step WebSocketReader::read(std::string_view& bytes, Said& said) {
  if (std::exchange(was_said_, false)) {
    // The memory of a long one is not kept for those who say no more.
    if (message_.capacity() > kMaxControl && fragments_ == 0) std::string().swap(message_);
    if (fragments_ == 0) message_.clear();
    control_.clear();
  }
  for (;;) {
    Step step = Step::more;
    if (!in_payload_ && !take_header(bytes, step)) return step;
    std::string& into = is_control() ? control_ : message_;
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(length_ - taken_, bytes.size()));
    const std::uint8_t* const mask = header_.data() + header_end_ - kMaskBytes;
    const std::size_t from = into.size();
    into.append(bytes.substr(0, size));
    for (std::size_t i = 0; i < size; ++i)
      into[from + i] = static_cast<char>(static_cast<std::uint8_t>(into[from + i]) ^
                                         mask[(taken_ + i) % kMaskBytes]);
    bytes.remove_prefix(size);
    taken_ += size;
    if (taken_ < length_) return Step::more;
    in_payload_ = false;
    header_size_ = 0;
    header_end_ = 2;
    if (is_control() || is_last()) return finish(said);
  }
}

// False: `step` says why there is no header yet.
bool WebSocketReader::take_header(std::string_view& bytes, Step& step) {
  while (header_size_ < header_end_) {
    if (bytes.empty()) return false;
    header_[header_size_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    if (header_size_ != 2) continue;
    // Judged before anything is waited for.
    if (!judge_kind()) {
      step = Step::refused;
      return false;
    }
    header_end_ = 2 + length_bytes(header_[1]) + kMaskBytes;
  }
  if (!judge_length()) {
    step = Step::refused;
    return false;
  }
  in_payload_ = true;
  taken_ = 0;
  return true;
}

bool WebSocketReader::judge_kind() {
  const auto refused = [this](WebSocketClose code) {
    refuse(code);
    return false;
  };
  if ((header_[0] & kReserved) != 0 || (header_[1] & kMasked) == 0)
    return refused(WebSocketClose::protocol_error);
  switch (opcode()) {
    case WebSocketOpcode::close:
    case WebSocketOpcode::ping:
    case WebSocketOpcode::pong:
      if (!is_last() || (header_[1] & kShort) > kMaxControl)
        return refused(WebSocketClose::protocol_error);
      return true;
    case WebSocketOpcode::continuation:
    case WebSocketOpcode::text:
      if ((fragments_ != 0) != (opcode() == WebSocketOpcode::continuation))
        return refused(WebSocketClose::protocol_error);
      if (++fragments_ > limits_.fragments) return refused(WebSocketClose::too_big);
      return true;
    case WebSocketOpcode::binary:
      return refused(fragments_ != 0 ? WebSocketClose::protocol_error
                                     : WebSocketClose::unsupported_data);
  }
  return refused(WebSocketClose::protocol_error);
}

bool WebSocketReader::judge_length() {
  const std::size_t more = length_bytes(header_[1]);
  length_ = more == 0 ? header_[1] & kShort : big_endian(header_.data() + 2, more);
  const bool shortest =
      more == 0 || length_ > (more == 2 ? std::uint64_t{kIn2Bytes - 1} : std::uint64_t{0xffff});
  if (!shortest || length_ >> 63U != 0) {
    refuse(WebSocketClose::protocol_error);
    return false;
  }
  if (!is_control() && length_ > limits_.message_bytes - message_.size()) {
    refuse(WebSocketClose::too_big);
    return false;
  }
  return true;
}

WebSocketReader::Step WebSocketReader::finish(Said& said) {
  was_said_ = true;
  if (!is_control()) {
    fragments_ = 0;
    said = {WebSocketOpcode::text, message_};
    return is_utf8(message_) ? Step::said : refuse(WebSocketClose::bad_data);
  }
  said = {opcode(), control_};
  if (opcode() != WebSocketOpcode::close || control_.empty()) return Step::said;
  const auto* const payload = reinterpret_cast<const std::uint8_t*>(control_.data());
  if (control_.size() < 2 || !is_sent_code(big_endian(payload, 2)))
    return refuse(WebSocketClose::protocol_error);
  return is_utf8(std::string_view(control_).substr(2)) ? Step::said
                                                       : refuse(WebSocketClose::bad_data);
}

}  // namespace devs
