#include <cerrno>
#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

#include "orchestrator/cli_http.h"
#include "orchestrator/commands.h"
#include "protocol/json_rpc.h"
#include "protocol/sse_parser.h"

namespace devs {
namespace {

constexpr std::string_view kInitialize =
    R"({"protocolVersion":"2025-11-25","capabilities":{},)"
    R"("clientInfo":{"name":"mcp-orchestrator-cli","version":"0.1.0"}})";

int failed(std::string_view why) {
  std::fprintf(stderr, "mcp-orchestrator: %.*s\n", static_cast<int>(why.size()), why.data());
  return 1;
}
int failed(const Status& why) { return failed(why.message()); }

// The response with id 1, out of one JSON body or an SSE stream.
std::optional<std::string> response_in(const CliAnswer& answer) {
  if (!answer.content_type.starts_with("text/event-stream")) return answer.body;
  std::optional<std::string> found;
  SseParser parser([&found](const SseParser::Event& event) {
    auto text = compact_json(event.data, kUpstreamJson);
    if (text.ok() && JsonView(*text)["id"].text() == "1") found = std::move(*text);
  });
  if (!parser.feed(answer.body).ok()) return std::nullopt;
  return found;
}

int print_result(JsonView result) {
  result["content"].each_element([](JsonView block) {
    if (auto words = block["text"].string()) {
      std::fwrite(words->data(), 1, words->size(), stdout);
    } else {
      std::fwrite(block.text().data(), 1, block.text().size(), stdout);
    }
    std::fputc('\n', stdout);
  });
  return result["isError"].boolean().value_or(false) ? 1 : 0;
}

}  // namespace

int call_command(const std::string& url, const std::string& token, const std::string& tool,
                 const std::string& arguments) {
  auto checked = compact_json(arguments, kRequestJson);
  if (!checked.ok() || !JsonView(*checked).is_object()) {
    failed("the arguments must be a JSON object, such as '{\"text\":\"hello\"}'" +
           (checked.ok() ? std::string() : ": " + checked.status().message()));
    return 2;
  }
  CliRequest request{.url = url + "/mcp",
                     .token = token,
                     .headers = {"Content-Type: application/json",
                                 "Accept: application/json, text/event-stream"},
                     .body = encode_rpc_request("0", "initialize", kInitialize),
                     .on_bytes = {}};
  auto hello = cli_http(request);
  if (!hello.ok()) return failed(hello.status());
  if (hello->status == 401) return failed("the server wants a token: set MCP_BEARER_TOKEN");
  if (hello->status != 200) return failed("the server refused: " + hello->body);

  request.headers.push_back("Mcp-Session-Id: " + hello->session_id);
  request.body = encode_rpc_request(
      "1", "tools/call", "{\"name\":" + json_string(tool) + ",\"arguments\":" + *checked + "}");
  auto answer = cli_http(request);
  if (!answer.ok()) return failed(answer.status());
  const auto text = response_in(*answer);
  auto response = text ? compact_json(*text, kUpstreamJson) : Result<std::string>(Status(Code::internal, "no response in the stream"));
  if (!response.ok()) return failed("the server sent no usable answer: " + response.status().message());
  const JsonView seen(*response);
  if (const JsonView error = seen["error"]; error.present())
    return failed(error["message"].string().value_or("an error without words"));
  return print_result(seen["result"]);
}

int tail_command(const std::string& url, const std::string& token, const std::string& from) {
  std::string last = from;
  for (bool first = true;; first = false) {
    SseParser parser([&last](const SseParser::Event& event) {
      if (!event.id.empty()) last = event.id;
      const bool entry = event.event == "message" || event.data.starts_with("{\"type\"");
      std::FILE* to = entry ? stdout : stderr;  // gap, reset, goodbye: for the person
      if (!entry) std::fprintf(to, "[%s] ", event.event.c_str());
      std::fwrite(event.data.data(), 1, event.data.size(), to);
      std::fputc('\n', to);
      std::fflush(to);
    });
    CliRequest request{.url = url + "/trace/stream" + (last == "earliest" ? "?lastEventId=earliest" : ""),
                       .token = token,
                       .headers = {"Accept: text/event-stream"},
                       .body = {},
                       .on_bytes = [&parser](std::string_view bytes) { return parser.feed(bytes).ok(); }};
    if (!last.empty() && last != "earliest") request.headers.push_back("Last-Event-ID: " + last);
    auto answer = cli_http(request);
    if (first && !answer.ok()) return failed(answer.status());
    if (answer.ok() && answer->status != 200)
      return failed(answer->status == 401 ? "the server wants a token: set MCP_BEARER_TOKEN"
                                          : "the server refused the stream with " +
                                                std::to_string(answer->status));
    const long wait_ms = parser.retry_ms() > 0 ? parser.retry_ms() : 2000;
    std::fprintf(stderr, "[reconnecting in %ld ms]\n", wait_ms);
    timespec wait{wait_ms / 1000, (wait_ms % 1000) * 1'000'000};
    while (nanosleep(&wait, &wait) != 0 && errno == EINTR) {}
  }
}

}  // namespace devs
