#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {
namespace {

struct Refused {
  int status;
  std::int64_t code;
  bool operator==(const Refused&) const = default;
};
Refused refused(const WireAnswer& answer) {
  return {answer.status, error_code_of(answer)};
}

constexpr Refused kMismatch{400, -32020}, kBadMeta{400, -32602}, kBadVersion{400, -32022},
    kNoMethod{404, -32601};

TEST_CASE("[M13] modern: every result says what it is, lists how long they are good") {
  McpFixture fixture;
  const ModernClient client(fixture.port());
  for (const char* method : {"server/discover", "tools/list", "prompts/list", "resources/list",
                             "resources/templates/list"}) {
    CAPTURE(method);
    const WireAnswer answer = client.ask(method);
    CHECK(answer.status == 200);
    const JsonView result = result_of(answer);
    CHECK(result["resultType"].is("complete"));
    CHECK(result["ttlMs"].integer() == 60'000);
    CHECK(result["cacheScope"].is("public"));
    CHECK(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"].is("mcp-orchestrator"));
  }
  const WireAnswer called = client.call("echo", R"({"text":"hi"})");
  CHECK(called.status == 200);
  CHECK(result_of(called)["resultType"].is("complete"));
  CHECK(text_of(called.body) == "hi");
  CHECK(called.header("mcp-session-id").empty());
}

TEST_CASE("[M11] modern: discover lists the revisions that -32022 names") {
  McpFixture fixture({.mcp = {.instructions = "Be kind."}});
  const ModernClient client(fixture.port());
  const WireAnswer answer = client.ask("server/discover");
  CHECK(result_of(answer)["supportedVersions"].text() == R"(["2026-07-28"])");
  CHECK(result_of(answer)["instructions"].is("Be kind."));
  CHECK(result_of(answer)["capabilities"]["tools"]["listChanged"].boolean() == true);
  CHECK(result_of(answer)["capabilities"]["logging"].is_object());
  WireHeaders headers = ModernClient::headers_for("server/discover");
  headers[0].second = "v999.0.0";
  const WireAnswer other = client.post(
      rpc("1", "server/discover", "{\"_meta\":" + modern_meta("{}", {}, "v999.0.0") + "}"),
      headers);
  CHECK(refused(other) == kBadVersion);
  CHECK(JsonView(other.body)["error"]["data"].text() ==
        R"({"supported":["2026-07-28"],"requested":"v999.0.0"})");
}

TEST_CASE("[M11] modern: each row of the ladder, and of two broken rows the upper one") {
  McpFixture fixture;
  const ModernClient client(fixture.port());
  const std::string good = modern_params(),
                    no_capabilities =
                        R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})";
  const std::string other_version = "{\"_meta\":" + modern_meta("{}", {}, "v999.0.0") + "}";
  const WireHeaders right = ModernClient::headers_for("server/discover");
  const WireHeaders none{}, no_method{{"MCP-Protocol-Version", "2026-07-28"}},
      wrong_method = ModernClient::headers_for("tools/list");
  const struct {
    const char* what;
    std::string_view method;
    std::string params;
    WireHeaders headers;
    Refused expected;
  } rows[] = {
      {"version header missing", "server/discover", good, none, kMismatch},
      {"version header differs", "server/discover", other_version, right, kMismatch},
      {"version missing in the body", "server/discover", R"({"_meta":{}})", right, kBadMeta},
      {"no _meta at all", "server/discover", "{}", right, kBadMeta},
      {"no capabilities", "server/discover", no_capabilities, right, kBadMeta},
      {"no capabilities, and the header missing", "server/discover", no_capabilities, none,
       kMismatch},
      {"method header missing", "server/discover", good, no_method, kMismatch},
      {"method header differs", "server/discover", good, wrong_method, kMismatch},
      {"no capabilities, and the method differs", "server/discover", no_capabilities, wrong_method,
       kBadMeta},
      {"unknown method", "unknown/method", good, ModernClient::headers_for("unknown/method"),
       kNoMethod},
      {"unknown method, and the method header differs", "unknown/method", good, right, kMismatch},
      {"method of the legacy era", "initialize", good, ModernClient::headers_for("initialize"),
       kNoMethod},
      {"name header missing", "tools/call", modern_params(R"("name":"echo",)"),
       ModernClient::headers_for("tools/call"), kMismatch},
      {"name header differs", "tools/call", modern_params(R"("name":"echo",)"),
       ModernClient::headers_for("tools/call", "other"), kMismatch},
      {"read without its name header", "resources/read", modern_params(R"("uri":"test://x",)"),
       ModernClient::headers_for("resources/read"), kMismatch},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const WireAnswer answer = client.post(rpc("\"id-1\"", row.method, row.params), row.headers);
    CHECK(answer.status == row.expected.status);
    CHECK(error_code_of(answer) == row.expected.code);
    CHECK(JsonView(answer.body)["id"].is("id-1"));
  }
  CHECK(fixture.house.story().empty());  // nothing was run
}

TEST_CASE("[M13] modern: methods of the legacy era are not there, whatever their params") {
  McpFixture fixture;
  const ModernClient client(fixture.port());
  for (const char* method : {"initialize", "ping", "logging/setLevel", "resources/subscribe",
                             "resources/unsubscribe", "roots/list", "tasks/list"}) {
    CAPTURE(method);
    CHECK(refused(client.ask(method)) == kNoMethod);
  }
  McpClient verbs = fixture.client();
  verbs.version = "2026-07-28";
  const WireAnswer got = verbs.get();
  CHECK(got.status == 405);
  CHECK(got.header("allow") == "POST");
  CHECK(verbs.del().status == 405);
}

TEST_CASE("[M12] modern: header values, twenty ways") {
  McpFixture fixture;
  const ModernClient client(fixture.port());
  const std::string body =
      rpc("1", "tools/call", modern_params(R"("name":"echo","arguments":{"text":"x"},)"));
  const auto with_name = [&](const char* value) {
    return client.post(body, ModernClient::headers_for("tools/call", value)).status;
  };
  CHECK(with_name("echo") == 200);
  CHECK(with_name("  echo  ") == 200);              // blanks around
  CHECK(with_name("=?base64?ZWNobw==?=") == 200);   // encoded
  CHECK(with_name("=?base64?ZWNobw?=") == 400);     // padding gone
  CHECK(with_name("=?base64?ZWN!obw==?=") == 400);  // no base64
  CHECK(with_name("=?base64?/////w==?=") == 400);   // no UTF-8
  CHECK(with_name("=?base64?ZWNobw==") == 400);     // no sentinel, so a literal
  CHECK(with_name("Echo") == 400);                  // case counts in values
  CHECK(with_name("ech%6f") == 400);                // nothing else is decoded
  CHECK(with_name("echo,echo") == 400);
  WireHeaders twice = ModernClient::headers_for("tools/call", "echo");
  twice.emplace_back("Mcp-Name", "echo");
  CHECK(client.post(body, twice).status == 400);
  WireHeaders lower{
      {"mcp-protocol-version", "2026-07-28"}, {"mcp-method", "tools/call"}, {"MCP-NAME", "echo"}};
  CHECK(client.post(body, lower).status == 200);  // names of fields have no case
  WireHeaders ignored = ModernClient::headers_for("tools/call", "echo");
  ignored.emplace_back("Mcp-Session-Id", "0123456789abcdef0123456789abcdef");
  ignored.emplace_back("Last-Event-ID", "1-1");
  CHECK(client.post(body, ignored).status == 200);
  ignored.emplace_back("Mcp-Param-Unknown", "x");
  CHECK(client.post(body, ignored).status == 200);
  WireHeaders method = ModernClient::headers_for("TOOLS/CALL", "echo");
  CHECK(client.post(body, method).status == 400);
}

TEST_CASE("[M12] modern: arguments that headers repeat") {
  McpFixture fixture;
  REQUIRE(fixture.house.tools
              .add(make_function_tool(
                  make_tool_spec("route", "",
                                 R"({"type":"object","properties":{)"
                                 R"("region":{"type":"string","x-mcp-header":"Region"},)"
                                 R"("level":{"type":"integer","x-mcp-header":"Level"},)"
                                 R"("deep":{"type":"object","properties":{"on":{"type":"boolean",)"
                                 R"("x-mcp-header":"On"}}}}})"),
                  [](const ToolRun& run) { return text_outcome(run.arguments); },
                  fixture.house.workers))
              .ok());
  const ModernClient client(fixture.port());
  const auto status = [&](std::string_view arguments, WireHeaders params) {
    WireHeaders headers = ModernClient::headers_for("tools/call", "route");
    headers.insert(headers.end(), params.begin(), params.end());
    return client
        .post(
            rpc("1", "tools/call",
                modern_params("\"name\":\"route\",\"arguments\":" + std::string(arguments) + ",")),
            headers)
        .status;
  };
  CHECK(status("{}", {}) == 200);
  CHECK(status(R"({"region":"eu"})", {{"Mcp-Param-Region", "eu"}}) == 200);
  CHECK(status(R"({"region":"eu"})", {{"mcp-param-REGION", "=?base64?ZXU=?="}}) == 200);
  CHECK(status(R"({"region":"eu"})", {}) == 400);
  CHECK(status(R"({"region":"eu"})", {{"Mcp-Param-Region", "us"}}) == 400);
  CHECK(status(R"({"region":null})", {}) == 200);
  CHECK(status("{}", {{"Mcp-Param-Region", "eu"}}) == 400);
  CHECK(status(R"({"level":42})", {{"Mcp-Param-Level", "42"}}) == 200);
  CHECK(status(R"({"level":42})", {{"Mcp-Param-Level", "042"}}) == 200);  // as numbers
  CHECK(status(R"({"level":42})", {{"Mcp-Param-Level", "42.0"}}) == 400);
  CHECK(status(R"({"deep":{"on":true}})", {{"Mcp-Param-On", "true"}}) == 200);
  CHECK(status(R"({"deep":{"on":true}})", {{"Mcp-Param-On", "false"}}) == 400);
}

TEST_CASE("[M14] modern: who leaves cancels, whether a stream was open or not") {
  McpFixture fixture;
  const ModernClient client(fixture.port());
  for (const bool streaming : {false, true}) {
    CAPTURE(streaming);
    const std::size_t index = streaming ? 1 : 0;
    {
      HttpWire wire(fixture.port());
      client.begin(
          wire,
          rpc("1", "tools/call", modern_params(R"("name":"held",)", "{}", R"(,"progressToken":1)")),
          ModernClient::headers_for("tools/call", "held"));
      REQUIRE(fixture.held->wait_for(index));
      if (streaming) {
        fixture.held->run(index).progress(R"({"progress":1})");
        CHECK(wire.read_head().status == 200);
        SseWire stream(wire);
        REQUIRE(stream.next());
        CHECK(stream.raw().find("id:") == std::string::npos);  // nothing to come back to
      }
    }
    // Half a close may be all of one: it has half a second to be answered.
    CHECK(fixture.eventually([&] {
      fixture.advance(std::chrono::milliseconds(100));
      return fixture.held->was_stopped(index);
    }));
  }
}

TEST_CASE("[M14] modern: log messages come when the request asks for them, and no others") {
  McpFixture fixture;
  REQUIRE(fixture.house.tools
              .add(make_function_tool(
                  make_tool_spec("talk", "", R"({"type":"object"})"),
                  [](const ToolRun& run) {
                    if (run.log) {
                      run.log(LogLevel::debug, "t", "\"low\"");
                      run.log(LogLevel::error, "t", "\"high\"");
                    }
                    return text_outcome("said");
                  },
                  fixture.house.workers))
              .ok());
  const ModernClient client(fixture.port());
  const auto body_with = [&](std::string_view meta) {
    return client
        .post(rpc("1", "tools/call", modern_params(R"("name":"talk",)", "{}", meta)),
              ModernClient::headers_for("tools/call", "talk"))
        .body;
  };
  CHECK(body_with({}).find("notifications/message") == std::string::npos);
  const std::string some = body_with(R"(,"io.modelcontextprotocol/logLevel":"warning")");
  CHECK(some.find("\"high\"") != std::string::npos);
  CHECK(some.find("\"low\"") == std::string::npos);
  const std::string bad = body_with(R"(,"io.modelcontextprotocol/logLevel":"loud")");
  CHECK(error_code_of(bad) == -32602);
}

TEST_CASE("modern: a notification is taken and ignored, a response is nobody's") {
  McpFixture fixture;
  const ModernClient client(fixture.port());
  CHECK(client
            .post(rpc("", "notifications/cancelled", modern_params(R"("requestId":1,)")),
                  ModernClient::headers_for("notifications/cancelled"))
            .status == 202);
  CHECK(
      client
          .post(R"({"jsonrpc":"2.0","id":1,"result":{}})", ModernClient::headers_for("tools/call"))
          .status == 400);
}

}  // namespace
}  // namespace devs
