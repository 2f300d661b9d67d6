#include <string>

#include "protocol/json_rpc.h"
#include "protocol/mcp.h"
#include "tests/fuzz/law.h"

// Laws: a message encoded again decodes to the same; what is sent to an older
// client is JSON with nothing newer in it, and sending it twice changes nothing;
// every answer, refusals too, is one line of JSON.
namespace devs {
namespace {

void check_is_json(const std::string& text, const char* what) {
  const auto compact = compact_json(text, kUpstreamJson);
  law(compact.ok() && *compact == text, what);
}

void check_message(const RpcMessage& message) {
  if (message.kind == RpcMessage::Kind::response) {
    if (message.result.present()) {
      check_is_json(encode_rpc_result(message.id, message.result.text()), "a result is JSON");
    }
    return;
  }
  const std::string encoded =
      message.kind == RpcMessage::Kind::request
          ? encode_rpc_request(message.id, message.method, message.params.text())
          : encode_rpc_notification(message.method, message.params.text());
  check_is_json(encoded, "a request is JSON");
  const auto again = decode_rpc(encoded);
  law(std::holds_alternative<RpcMessage>(again), "what was encoded decodes");
  const auto& back = std::get<RpcMessage>(again);
  law(back.kind == message.kind && back.id == message.id && back.method == message.method &&
          back.params.text() == message.params.text(),
      "decode(encode(x)) is x");
}

void check_mcp(JsonView params) {
  (void)decode_initialize(params).ok();
  const auto call = decode_call_tool(params);
  if (call.ok()) {
    check_is_json(call->arguments, "arguments are JSON");
    law(JsonView(call->arguments).is_object(), "arguments are an object");
  } else {
    law(call.status().message().starts_with("/"), "a refusal names the member");
  }
  if (!params.is_object()) return;
  check_is_json(with_progress_token(params, "1"), "progress is JSON");
  for (const McpRevision revision : {McpRevision::v2024_11_05, McpRevision::v2025_03_26,
                                     McpRevision::v2025_06_18, McpRevision::v2025_11_25}) {
    const std::string tool = down_level_tool(params.text(), revision);
    const std::string result = down_level_result(params.text(), revision);
    check_is_json(tool, "an older tool is JSON");
    check_is_json(result, "an older result is JSON");
    law(down_level_tool(tool, revision) == tool, "an older tool stays");
    law(down_level_result(result, revision) == result, "an older result stays");
    law(has_structured_output(revision) || !JsonView(result)["structuredContent"].present(),
        "nothing newer is shown");
    law(!JsonView(result)["resultType"].present(), "nothing modern is shown");
  }
}

void check(std::string_view text) {
  const auto compact = compact_json(text, {1 << 20, 64, 2000, 1 << 20, 256, 64});
  if (!compact.ok()) return;
  check_mcp(JsonView(*compact));
  const auto decoded = decode_rpc(*compact);
  if (const auto* refusal = std::get_if<RpcRefusal>(&decoded)) {
    law(refusal->fault.code == -32600, "JSON that is no message is -32600");
    check_is_json(encode_rpc_error(refusal->id, refusal->fault), "a refusal is JSON");
    return;
  }
  check_message(std::get<RpcMessage>(decoded));
  check_mcp(std::get<RpcMessage>(decoded).params);
}

}  // namespace
}  // namespace devs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  devs::check(devs::bytes_of(data, size));
  return 0;
}
