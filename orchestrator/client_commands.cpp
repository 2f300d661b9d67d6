#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "orchestrator/cli_http.h"
#include "orchestrator/commands.h"
#include "orchestrator/terminal.h"
#include "protocol/json_rpc.h"
#include "protocol/sse_parser.h"

namespace devs {
namespace {

constexpr std::string_view kInitialize =
    R"({"protocolVersion":"2025-11-25","capabilities":{},)"
    R"("clientInfo":{"name":"mcp-orchestrator-cli","version":"0.1.0"}})";

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
      print_text(stdout, *words);
    } else {
      print_text(stdout, block.text());
    }
    std::fputc('\n', stdout);
  });
  return result["isError"].boolean().value_or(false) ? 1 : 0;
}

// One MCP session over HTTP, for as long as one command takes.
class Session {
 public:
  // Fails with the reason a person can act on.
  static Result<Session> begin(const std::string& url, const std::string& token) {
    Session session(CliRequest{.url = url + "/mcp",
                               .token = token,
                               .method = {},
                               .headers = {"Content-Type: application/json",
                                           "Accept: application/json, text/event-stream"},
                               .body = encode_rpc_request("0", "initialize", kInitialize),
                               .on_bytes = {}});
    auto hello = cli_http(session.request_);
    if (!hello.ok()) return hello.status();
    if (hello->status == 401)
      return Status(Code::unauthenticated, "the server wants a token: set MCP_BEARER_TOKEN");
    if (hello->status != 200)
      return Status(Code::unavailable, "the server refused: " + hello->body);
    session.request_.headers.push_back("Mcp-Session-Id: " + hello->session_id);
    return session;
  }

  // The `result` of one request, as checked JSON text.
  Result<std::string> ask(std::string_view method, std::string_view params) {
    request_.body = encode_rpc_request("1", method, params);
    auto answer = cli_http(request_);
    if (!answer.ok()) return answer.status();
    const auto text = response_in(*answer);
    if (!text) return Status(Code::internal, "the server's stream ended without an answer");
    auto response = compact_json(*text, kUpstreamJson);
    if (!response.ok())
      return Status(Code::internal,
                    "the server sent no usable answer: " + response.status().message());
    const JsonView seen(*response);
    if (const JsonView error = seen["error"]; error.present())
      return Status(Code::internal, error["message"].string().value_or("an error without words"));
    return std::string(seen["result"].text());
  }

  // The server need not keep what we no longer use.
  void end() {
    request_.body.clear();
    request_.method = "DELETE";
    (void)cli_http(request_);  // gone is gone, whatever it answers
  }

 private:
  explicit Session(CliRequest request) : request_(std::move(request)) {}
  CliRequest request_;
};

// First lines only: descriptions of servers can be pages.
int print_tools(Session& session) {
  std::string cursor;
  do {
    auto page = session.ask("tools/list", cursor.empty() ? "{}" : "{\"cursor\":" + cursor + "}");
    if (!page.ok()) return failed(page.status().message());
    JsonView(*page)["tools"].each_element([](JsonView tool) {
      std::string words = tool["description"].string().value_or("");
      words.resize(std::min(words.size(), words.find('\n')));
      print_text(stdout, tool["name"].string().value_or("") + "\t" + words + "\n");
    });
    cursor = JsonView(*page)["nextCursor"].text();
  } while (!cursor.empty());
  return 0;
}

}  // namespace

int call_command(const std::string& url, const std::string& token, const std::string& tool,
                 const std::string& arguments) {
  auto checked = compact_json(arguments, kRequestJson);
  if (!checked.ok() || !JsonView(*checked).is_object()) {
    return refused("the arguments must be a JSON object, such as '{\"text\":\"hello\"}'" +
                   (checked.ok() ? std::string() : ": " + checked.status().message()));
  }
  auto session = Session::begin(url, token);
  if (!session.ok()) return failed(session.status().message());
  int code = 0;
  if (tool.empty()) {
    code = print_tools(*session);
  } else {
    auto result = session->ask(
        "tools/call", "{\"name\":" + json_string(tool) + ",\"arguments\":" + *checked + "}");
    code = result.ok() ? print_result(JsonView(*result)) : failed(result.status().message());
    if (!result.ok() && result.status().message().starts_with("Unknown tool"))
      std::fprintf(stderr, "`mcp-orchestrator call` without a tool lists what there is\n");
  }
  session->end();
  return code;
}

}  // namespace devs
