#include <unistd.h>

#include <algorithm>
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

// A terminal obeys what it is shown.  There, control codes of a stranger's text (C0
// but tab and newline, DEL, C1, bidirectional overrides) become U+FFFD; a pipe gets
// every byte.
void print_text(std::FILE* to, std::string_view text) {
  static constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  if (!isatty(fileno(to))) {
    std::fwrite(text.data(), 1, text.size(), to);
    return;
  }
  std::string shown;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::string_view rest = text.substr(at);
    const bool c1 = byte == 0xC2 && rest.size() > 1 &&
                    static_cast<unsigned char>(rest[1]) >= 0x80 &&
                    static_cast<unsigned char>(rest[1]) < 0xA0;
    const bool bidi = rest.size() > 2 && byte == 0xE2 &&
                      (rest.substr(0, 2) == "\xE2\x80" ? rest[2] >= '\xAA' && rest[2] <= '\xAE'
                                                       : rest.substr(0, 2) == "\xE2\x81" &&
                                                             rest[2] >= '\xA6' && rest[2] <= '\xA9');
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) {
      shown += kReplacement;
    } else if (c1 || bidi) {
      shown += kReplacement;
      at += c1 ? 1 : 2;
    } else {
      shown += text[at];
    }
  }
  std::fwrite(shown.data(), 1, shown.size(), to);
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
    if (!page.ok()) return failed(page.status());
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
    failed("the arguments must be a JSON object, such as '{\"text\":\"hello\"}'" +
           (checked.ok() ? std::string() : ": " + checked.status().message()));
    return 2;
  }
  auto session = Session::begin(url, token);
  if (!session.ok()) return failed(session.status());
  int code = 0;
  if (tool.empty()) {
    code = print_tools(*session);
  } else {
    auto result = session->ask("tools/call", "{\"name\":" + json_string(tool) +
                                                 ",\"arguments\":" + *checked + "}");
    code = result.ok() ? print_result(JsonView(*result)) : failed(result.status());
    if (!result.ok() && result.status().message().starts_with("Unknown tool"))
      std::fprintf(stderr, "`mcp-orchestrator call` without a tool lists what there is\n");
  }
  session->end();
  return code;
}

int tail_command(const std::string& url, const std::string& token, const std::string& from) {
  std::string last = from;
  for (bool first = true;; first = false) {
    SseParser parser([&last](const SseParser::Event& event) {
      if (!event.id.empty()) last = event.id;
      const bool entry = event.event == "message" || event.data.starts_with("{\"type\"");
      std::FILE* to = entry ? stdout : stderr;  // gap, reset, goodbye: for the person
      if (!entry) std::fprintf(to, "[%s] ", event.event.c_str());
      print_text(to, event.data);
      std::fputc('\n', to);
      std::fflush(to);
    });
    CliRequest request{.url = url + "/trace/stream" + (last == "earliest" ? "?lastEventId=earliest" : ""),
                       .token = token,
                       .method = {},
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
