#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "protocol/limits.h"
#include "tests/orchestrator/mcp/eras.h"

// The bad inputs 68 to 88 of the reliability page that the other tests of this room do not have,
// each through the port, in both eras, beside a client that behaves.
namespace devs {
namespace {

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + piece.size());
  while (text.size() < bytes) text += piece;
  return text;
}
std::string utf16(std::string_view text) {
  std::string wide = "\xff\xfe";
  for (const char c : text) (wide += c) += '\0';
  return wide;
}

struct Refused {
  int status;
  std::int64_t code;
};
void check_refused(const WireAnswer& answer, Refused expected) {
  CHECK(answer.status == expected.status);
  CHECK(error_code_of(answer) == expected.code);
  CHECK(answer.header("content-type") == "application/json");
  CHECK(JsonView(answer.body)["jsonrpc"].is("2.0"));
}

// Sends each body in both eras as if it were a call of `echo`.
void check_bodies(const std::vector<std::string>& bodies, Refused expected) {
  McpFixture fixture;
  GoodClient good(fixture);
  for (const EraClient::Era era : kEras) {
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    for (const std::string& body : bodies) {
      CAPTURE(body.substr(0, 80));
      check_refused(client.post(body, "tools/call", "echo"), expected);
    }
  }
  good.is_unmoved();
}

const std::string kCall = rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})"));

// `member` is there twice; `before` is how its name is spelled the first time.
std::string twice(std::string_view before, std::string_view member, std::string_view value) {
  std::string body = kCall;
  const std::size_t at = body.find("\"" + std::string(member) + "\":");
  body.insert(at, "\"" + std::string(before) + "\":" + std::string(value) + ",");
  return body;
}

TEST_CASE("[M59] HTTP: what is not one JSON text is 400 -32700, in both eras, and nothing runs") {
  check_bodies({"", " ", "{", "nonsense", kCall + " {}", kCall + "x", kCall + kCall,
                "\xef\xbb\xbf" + kCall, utf16(kCall), "// ping\n" + kCall, "/**/" + kCall,
                R"({'jsonrpc':'2.0'})", R"({"a":1,})", "[1,]", R"({"a" 1})", R"({a:1})"},
               {400, -32700});
}

TEST_CASE("[M59] HTTP: a call cut at any byte is 400 -32700, and nothing runs") {
  std::vector<std::string> cuts;
  for (std::size_t at = 0; at < kCall.size(); ++at) cuts.push_back(kCall.substr(0, at));
  check_bodies(cuts, {400, -32700});
}

TEST_CASE("[M59] HTTP: a name that comes twice, however it is spelled, is 400 -32700") {
  check_bodies(
      {twice("jsonrpc", "jsonrpc", "\"2.0\""), twice("id", "id", "2"),
       twice("method", "method", "\"ping\""), twice("params", "params", "{}"),
       twice("name", "name", "\"held\""), twice("text", "text", "\"other\""),
       twice(R"(\u006dethod)", "method", "\"ping\""), twice(R"(n\u0061me)", "name", "\"held\"")},
      {400, -32700});
}

TEST_CASE("[M59] HTTP: numbers and strings that are none are 400 -32700") {
  const auto argument = [](std::string_view json) {
    return rpc("1", "tools/call", call_params("echo", "{\"text\":" + std::string(json) + "}"));
  };
  check_bodies({argument("1e400"),
                argument("NaN"),
                argument("Infinity"),
                argument("01"),
                argument(".5"),
                argument("+1"),
                argument("1."),
                argument("0x1"),
                argument("1" + std::string(64, '0')),
                argument(R"("\ud800")"),
                argument(R"("\udc00\ud800")"),
                argument("\"\xc0\xaf\""),
                argument("\"\xed\xa0\x80\""),
                argument("\"\xff\""),
                argument("\"\n\""),
                argument(R"("\x")"),
                rpc("1e400", "ping"),
                rpc("01", "ping"),
                R"({"a\u0000b":1})",
                "{\"" + std::string(257, 'n') + "\":1}"},
               {400, -32700});
}

TEST_CASE("[M59] HTTP: bombs are 400 -32700: depth, breadth, one string, one name, one number") {
  const std::size_t kMost = kRequestJson.bytes;
  check_bodies({repeated("[", 60'000), repeated("{\"a\":", 60'000), repeated("[{\"a\":", 60'000),
                repeated("[", 2'000'000), std::string(65, '[') + std::string(65, ']'),
                "[" + repeated("{},", kMost - 4) + "1]", "[" + repeated("\"\",", kMost - 4) + "1]",
                "[" + repeated("0,", kMost - 4) + "1]", "\"" + std::string(kMost - 2, 's') + "\"",
                "{\"" + std::string(kMost - 6, 'n') + "\":1}", std::string(1'000'000, '9')},
               {400, -32700});
}

TEST_CASE("[M59] HTTP: JSON that is no JSON-RPC is 400 -32600, in both eras, and nothing runs") {
  check_bodies({"null",
                "1",
                "\"x\"",
                "true",
                "{}",
                "[]",
                "[[]]",
                "[" + kCall + "]",
                R"({"jsonrpc":"2.0","id":1,"Method":"ping"})",
                R"({"JSONRPC":"2.0","id":1,"method":"ping"})",
                R"({"id":1,"method":"ping"})",
                R"({"jsonrpc":"1.0","id":1,"method":"ping"})",
                R"({"jsonrpc":2,"id":1,"method":"ping"})",
                R"({"jsonrpc":"2.0","id":1,"method":""})",
                R"({"jsonrpc":"2.0","id":1,"method":7})",
                R"({"jsonrpc":"2.0","id":1,"method":null})",
                R"({"jsonrpc":"2.0","id":1,"method":"ping","params":null})",
                R"({"jsonrpc":"2.0","id":1,"method":"ping","params":"x"})",
                R"({"jsonrpc":"2.0","id":1,"method":"ping","params":1})",
                R"({"jsonrpc":"2.0","id":1,"method":"ping","result":{}})",
                R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}})",
                R"({"jsonrpc":"2.0","id":1,"error":"x"})",
                R"({"jsonrpc":"2.0","result":{}})",
                R"({"jsonrpc":"2.0","id":1})",
                R"({"jsonrpc":"2.0"})"},
               {400, -32600});
}

TEST_CASE("[M59] HTTP: batches as bombs, nested, of strangers, in the wrong revision or era") {
  McpFixture fixture;
  GoodClient good(fixture);
  const McpClient client = fixture.ready("2025-03-26");
  check_refused(client.post("[" + repeated(rpc("1", "ping") + ",", 4'000'000) + "1]"),
                {400, -32700});
  check_refused(client.post("[" + repeated("1,", 99'000 * 2) + "1]"), {400, -32600});
  const WireAnswer nested = client.post("[[" + rpc("1", "ping") + "]]");
  CHECK(nested.status == 200);
  CHECK(nested.body.find("-32600") != std::string::npos);
  // A modern request in it is one of its session's era, where that method is unknown.
  const WireAnswer modern = client.post("[" + rpc("1", "server/discover", modern_params()) + "]");
  CHECK(modern.body.find("-32601") != std::string::npos);
  check_refused(ModernClient(fixture.port())
                    .post("[" + rpc("1", "tools/list", modern_params()) + "]",
                          ModernClient::headers_for("tools/list")),
                {400, -32600});
  good.is_unmoved();
}

TEST_CASE("[M59] HTTP: unknown methods, look-alikes too, are -32601 in the way of their era") {
  McpFixture fixture;
  GoodClient good(fixture);
  for (const EraClient::Era era : kEras) {
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    for (const char* method :
         {"rpc.x", "__proto__", "constructor", "Tools/list", "tools/list ", "tools", "/",
          "notifications/cancelled", "sampling/createMessage", "tools/list/"}) {
      CAPTURE(method);
      const std::string body = client.body("\"u\"", method);
      // Blanks around the value of a header are cut: those go encoded.
      const char* const header =
          std::string_view(method) == "tools/list " ? "=?base64?dG9vbHMvbGlzdCA=?=" : method;
      const WireAnswer answer = client.post(body, header);
      check_refused(answer, {client.modern ? 404 : 200, -32601});
      CHECK(JsonView(answer.body)["id"].is("u"));
    }
    // A Cyrillic letter that looks like `a`.
    check_refused(client.post(client.body("1", "tools/c\xd0\xb0ll", R"("name":"echo",)"),
                              "=?base64?dG9vbHMvY9CwbGw=?="),
                  {client.modern ? 404 : 200, -32601});
    check_refused(client.post(client.body("1", std::string(200'000, 'm')), "m"),
                  client.modern ? Refused{400, -32020} : Refused{200, -32601});
  }
  good.is_unmoved();
}

TEST_CASE("[M59] HTTP: params that do not fit are -32602, in band, and no tool starts") {
  McpFixture fixture;
  GoodClient good(fixture);
  const std::string many = "[" + repeated("0,", 100'000) + "0]";
  const struct {
    const char* method;
    std::string members;
    std::string named;
  } rows[] = {
      {"tools/call", "", ""},
      {"tools/call", R"("name":1,)", ""},
      {"tools/call", R"("name":null,)", ""},
      {"tools/call", R"("Name":"echo",)", ""},
      {"tools/call", R"("name":"echo","arguments":[],)", "echo"},
      {"tools/call", R"("name":"echo","arguments":"x",)", "echo"},
      {"tools/call", R"("name":"echo","arguments":)" + many + ",", "echo"},
      {"tools/call", R"("name":"Echo",)", "Echo"},
      {"tools/call", R"("name":"../echo",)", "../echo"},
      {"tools/call", R"("name":"other__echo",)", "other__echo"},
      {"tools/call", "\"name\":\"" + std::string(8'000, 'n') + "\",", std::string(8'000, 'n')},
      {"tools/list", R"("cursor":"",)", ""},
      {"tools/list", R"("cursor":"AAAA",)", ""},
      {"tools/list", R"("cursor":7,)", ""},
      {"tools/list", R"("cursor":null,)", ""},
      {"prompts/list", R"("cursor":"AAAA",)", ""},
      {"prompts/get", "", ""},
      {"prompts/get", R"("name":"no_such",)", "no_such"},
      {"prompts/get", R"("name":7,)", ""},
      {"resources/list", R"("cursor":[],)", ""},
      {"resources/read", "", ""},
      {"resources/read", R"("uri":7,)", ""},
      {"completion/complete", "", ""},
      {"completion/complete", R"("ref":{"type":"ref/none"},"argument":{"name":"a","value":"b"},)",
       ""},
      {"completion/complete", R"("ref":7,"argument":7,)", ""},
      {"tasks/get", "", ""},
      {"tasks/get", R"("taskId":7,)", ""},
      {"tasks/get", R"("taskId":"v1.AAAA",)", "v1.AAAA"},
      {"tasks/cancel", R"("taskId":"../../etc/passwd",)", "../../etc/passwd"},
  };
  for (const EraClient::Era era : kEras) {
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    for (const auto& row : rows) {
      CAPTURE(row.method);
      CAPTURE(row.members.substr(0, 60));
      check_refused(client.ask("5", row.method, row.members, row.named), {200, -32602});
    }
    const WireAnswer list = client.post(
        client.modern ? rpc("1", "tools/list", "[]") : rpc("1", "tools/call", "[\"echo\"]"),
        "tools/list");
    check_refused(list, {client.modern ? 400 : 200, -32602});
  }
  const EraClient legacy(fixture, EraClient::Era::legacy), modern(fixture, EraClient::Era::modern);
  check_refused(legacy.ask("5", "tools/call", R"("name":"",)"), {200, -32602});
  check_refused(modern.ask("5", "tools/call", R"("name":"",)"), {400, -32020});  // no header
  for (const char* level : {R"("level":"loud",)", R"("level":1,)", ""})
    check_refused(legacy.ask("5", "logging/setLevel", level), {200, -32602});
  good.is_unmoved(2 * 4 + 1);  // a call of a tool nobody has is a story, too
}

TEST_CASE("[M59] HTTP: a URI that is not ours is read by nobody, whatever it names") {
  McpFixture fixture;
  GoodClient good(fixture);
  for (const EraClient::Era era : kEras) {
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    for (const std::string& uri :
         {std::string("file:///etc/passwd"), std::string("http://169.254.169.254/latest"),
          std::string("FILE:///etc/passwd"), std::string("test://a/../../b"), std::string("x"),
          std::string("test://") + std::string(8'000, 'u')}) {
      CAPTURE(uri.substr(0, 60));
      const WireAnswer answer =
          client.ask("5", "resources/read", "\"uri\":" + json_string(uri) + ",", uri);
      check_refused(answer, {200, client.modern ? -32602 : -32002});
      CHECK(JsonView(answer.body)["error"]["data"]["uri"].is(uri));
    }
    const std::string split = "test://a\r\nInjected: 1";
    const WireAnswer answer =
        client.ask("5", "resources/read", "\"uri\":" + json_string(split) + ",",
                   "=?base64?dGVzdDovL2ENCkluamVjdGVkOiAx?=");
    CHECK(error_code_of(answer) == (client.modern ? -32602 : -32002));
    CHECK(answer.headers.find("injected") == answer.headers.end());
  }
  good.is_unmoved();
}

TEST_CASE(
    "[M59] HTTP: headers of the other era decide nothing, doubled and long ones are refused") {
  McpFixture fixture;
  GoodClient good(fixture);
  McpClient legacy = fixture.ready();
  legacy.more = {{"Mcp-Method", "tools/list"},
                 {"Mcp-Name", "held"},
                 {"Mcp-Param-Text", "other"},
                 {"Mcp-Method", "ping"}};
  CHECK(text_of(legacy.post(kCall).body) == "hi");
  const ModernClient modern(fixture.port());
  const std::string body =
      rpc("1", "tools/call", modern_params(R"("name":"echo","arguments":{"text":"hi"},)"));
  const auto with = [&](std::string_view name, std::string_view value, bool instead) {
    WireHeaders headers = ModernClient::headers_for("tools/call", "echo");
    if (instead) {
      for (auto& [header, old] : headers)
        if (header == name) old = value;
    } else {
      headers.emplace_back(name, value);
    }
    return modern.post(body, headers);
  };
  for (const char* name : {"MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"}) {
    CAPTURE(name);
    const char* const right = name[4] == 'P'   ? "2026-07-28"
                              : name[4] == 'M' ? "tools/call"
                                               : "echo";
    check_refused(with(name, right, false), {400, -32020});  // doubled
    check_refused(with(name, std::string(right) + ", " + right, true), {400, -32020});
    check_refused(with(name, std::string(8'000, 'x'), true), {400, -32020});
    check_refused(with(name, "=?base64?", true), {400, -32020});
    check_refused(with(name, "", true), {400, -32020});
  }
  check_refused(with("MCP-Protocol-Version", "2025-11-25", true), {400, -32020});
  CHECK(with("Mcp-Session-Id", std::string(8'000, 'x'), false).status == 200);  // ignored
  good.is_unmoved(2);  // the two that were served
}

TEST_CASE("[M59] HTTP: what reaches a tool is what was checked, in the client's own spelling") {
  for (const EraClient::Era era : kEras) {
    McpFixture fixture;
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    HttpWire wire(fixture.port());
    const std::string spaced =
        "{ \"z\" : 1.10 ,\r\n\t\"a\" : [ -0 , 100000000000000000000, 1E+2 ],\n\"\\u0062\" : "
        "\"\\u2028\\/\" }";
    client.begin(
        wire,
        client.body("1", "tools/call", "\"name\" : \"held\", \"arguments\" : " + spaced + ","),
        "tools/call", "held");
    REQUIRE(fixture.held->wait_for());
    CHECK(fixture.held->run().arguments ==
          R"({"z":1.10,"a":[-0,100000000000000000000,1E+2],"\u0062":"\u2028\/"})");
    fixture.held->answer("done");
    CHECK(text_of(wire.read_answer().body) == "done");
  }
}

TEST_CASE("[M59] HTTP: strangers' answers, cancels and progress change nothing") {
  McpFixture fixture;
  GoodClient good(fixture);
  for (const EraClient::Era era : kEras) {
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    const int to_response = client.modern ? 400 : 202;
    for (const char* response :
         {R"({"jsonrpc":"2.0","id":1,"result":{}})", R"({"jsonrpc":"2.0","id":"x","result":[]})",
          R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}})",
          R"({"jsonrpc":"2.0","id":1,"error":{}})"})
      CHECK(client.post(response).status == to_response);
    for (const char* params : {"{}", R"({"requestId":1})", R"({"requestId":"1"})",
                               R"({"requestId":[]})", "[]", R"({"requestId":1,"reason":7})"})
      CHECK(client.post(rpc("", "notifications/cancelled", params), "notifications/cancelled")
                .status == 202);
    for (const char* params :
         {"{}", R"({"progressToken":1,"progress":1})", R"({"progressToken":[],"progress":"x"})"})
      CHECK(
          client.post(rpc("", "notifications/progress", params), "notifications/progress").status ==
          202);
  }
  good.is_unmoved();
}

}  // namespace
}  // namespace devs
