#include "orchestrator/upstream/inbound_message.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <system_error>
#include <variant>

#include "protocol/json.h"
#include "protocol/limits.h"

namespace devs {
namespace {

InboundMessage bad_line(const StdioLineReader::Line& line, std::string why) {
  InboundMessage message;
  message.why = std::move(why);
  message.answers = salvage_id(line.text, line.too_long ? line.last : line.text);
  return message;
}

RpcFault read_fault(JsonView error) {
  RpcFault fault;
  const std::optional<std::int64_t> code = error["code"].integer();
  if (code && *code >= std::numeric_limits<int>::min() && *code <= std::numeric_limits<int>::max())
    fault.code = static_cast<int>(*code);
  fault.message = error["message"].string().value_or("the upstream gave no reason");
  fault.data = error["data"].text();
  return fault;
}

UpstreamReply read_reply(const RpcMessage& message) {
  UpstreamReply reply;
  if (message.error.present()) {
    reply.fault = read_fault(message.error);
    return reply;
  }
  if (!message.result.is_object()) {
    reply.fault = RpcFault{kRpcInternal, "the upstream's result is not an object", {}};
    return reply;
  }
  reply.result = message.result.text();
  message.result.each_member([&reply](const std::string& name, JsonView value) {
    if (name == "isError") reply.is_error = value.boolean().value_or(false);
    if (name == "nextCursor") reply.next_cursor = value.string().value_or("");
    if (name == "tools") reply.listed = value.size();
  });
  return reply;
}

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, StdioLineReader::kEnds))
    if (c != ' ' && c != '\t') out += c;
  return out;
}

// `5,...` or `5}...`: the number in front.
std::optional<std::uint64_t> leading_id(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789");
  if (end == std::string_view::npos) return std::nullopt;
  return decode_own_id(text.substr(0, end));
}

}  // namespace

std::optional<std::uint64_t> decode_own_id(std::string_view token) {
  std::uint64_t id = 0;
  const auto [end, bad] = std::from_chars(token.data(), token.data() + token.size(), id);
  if (bad != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return id;
}

std::optional<std::uint64_t> salvage_id(std::string_view first, std::string_view last) {
  const std::string head = without_blanks(first);
  const std::string tail =
      without_blanks(last.substr(last.size() - std::min(last.size(), StdioLineReader::kEnds)));
  constexpr std::string_view kVersion = R"("jsonrpc":"2.0",)";
  constexpr std::string_view kId = R"("id":)";

  std::string_view rest = head;
  if (!rest.starts_with('{')) return std::nullopt;
  rest.remove_prefix(1);
  if (rest.starts_with(kVersion)) rest.remove_prefix(kVersion.size());
  // {"jsonrpc":"2.0","id":5,"result":...
  if (rest.starts_with(kId)) {
    rest.remove_prefix(kId.size());
    const std::optional<std::uint64_t> id = leading_id(rest);
    rest.remove_prefix(std::min(rest.size(), rest.find(',')));
    const bool is_response = rest.starts_with(R"(,"result":)") || rest.starts_with(R"(,"error":)");
    return is_response ? id : std::nullopt;
  }
  // {"result":...,"jsonrpc":"2.0","id":5}
  if (!rest.starts_with(R"("result":)") && !rest.starts_with(R"("error":)")) return std::nullopt;
  const std::size_t at = tail.rfind(R"(,"id":)");
  if (at == std::string::npos) return std::nullopt;
  const std::string_view number = std::string_view(tail).substr(at + 1 + kId.size());
  if (number.find('}') + 1 != number.size()) return std::nullopt;
  return leading_id(number);
}

InboundMessage decode_inbound(const StdioLineReader::Line& line) {
  if (line.too_long) return bad_line(line, fmt::format("longer than {} bytes", kMaxStdioLine));
  Result<std::string> compact = compact_json(line.text, kUpstreamJson);
  if (!compact.ok()) return bad_line(line, compact.status().message());
  const std::variant<RpcMessage, RpcRefusal> decoded = decode_rpc(*compact);
  if (const RpcRefusal* refusal = std::get_if<RpcRefusal>(&decoded))
    return bad_line(line, refusal->fault.message);

  const RpcMessage& message = std::get<RpcMessage>(decoded);
  InboundMessage inbound;
  inbound.id = message.id;
  inbound.method = message.method;
  inbound.params = message.params.text();
  switch (message.kind) {
    case RpcMessage::Kind::request:
      inbound.kind = InboundMessage::Kind::request;
      break;
    case RpcMessage::Kind::notification:
      inbound.kind = InboundMessage::Kind::notification;
      break;
    case RpcMessage::Kind::response:
      inbound.kind = InboundMessage::Kind::response;
      inbound.reply = read_reply(message);
      break;
  }
  return inbound;
}

}  // namespace devs
