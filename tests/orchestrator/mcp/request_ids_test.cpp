#include <doctest/doctest.h>

#include <map>
#include <string>

#include "protocol/limits.h"
#include "tests/orchestrator/mcp/eras.h"

namespace devs {
namespace {

std::string id_of(const WireAnswer& answer) {
  return std::string(JsonView(answer.body)["id"].text());
}
const std::string kLongest = "\"" + std::string(kMaxRpcIdBytes, 'i') + "\"";
const std::string kTooLong = "\"" + std::string(kMaxRpcIdBytes + 1, 'i') + "\"";

TEST_CASE("[M35] HTTP: in both eras an id comes back as it was written") {
  McpFixture fixture;
  for (const EraClient::Era era : kEras) {
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    for (const std::string& id :
         {std::string("0"), std::string("-1"), std::string("-0"), std::string("9007199254740992"),
          std::string("-9007199254740992"), kLongest, std::string("1"), std::string("\"1\""),
          std::string("\"\""), std::string(R"("\u0031")"), std::string("\"\xc3\xa9\"")}) {
      CAPTURE(id);
      CHECK(id_of(client.call(id, "echo", R"({"text":"hi"})")) == id);
      CHECK(id_of(client.ask(id, "tools/list")) == id);
      CHECK(id_of(client.call(id, "nobody", "{}")) == id);  // errors too
      CHECK(id_of(client.ask(id, "no/such")) == id);
    }
  }
}

TEST_CASE("[M35] HTTP: in both eras what is no id is -32600 to nobody, and nothing runs") {
  McpFixture fixture;
  GoodClient good(fixture);
  for (const EraClient::Era era : kEras) {
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    for (const std::string& id :
         {std::string("null"), std::string("true"), std::string("{}"), std::string("[1]"),
          std::string("1.5"), std::string("1.0"), std::string("1E+2"),
          std::string("9007199254740993"), std::string("-9007199254740993"),
          std::string("18446744073709551616"), kTooLong}) {
      CAPTURE(id);
      const WireAnswer answer = client.call(id, "echo", R"({"text":"hi"})");
      CHECK(answer.status == 400);
      CHECK(error_code_of(answer) == -32600);
      CHECK_FALSE(JsonView(answer.body)["id"].present());
    }
  }
  good.is_unmoved();
}

TEST_CASE("[M35] HTTP: \"1\" beside 1 are two requests, each with its answer, in both eras") {
  for (const EraClient::Era era : kEras) {
    McpFixture fixture;
    const EraClient client(fixture, era);
    CAPTURE(client.name());
    HttpWire number(fixture.port()), text(fixture.port());
    const std::string members = R"("name":"held",)";
    client.begin(number, client.body("1", "tools/call", members), "tools/call", "held");
    REQUIRE(fixture.held->wait_for(0));
    client.begin(text, client.body("\"1\"", "tools/call", members), "tools/call", "held");
    REQUIRE(fixture.held->wait_for(1));
    fixture.held->answer("text", 1);
    fixture.held->answer("number", 0);
    const WireAnswer to_number = number.read_answer(), to_text = text.read_answer();
    CHECK(id_of(to_number) == "1");
    CHECK(text_of(to_number.body) == "number");
    CHECK(id_of(to_text) == "\"1\"");
    CHECK(text_of(to_text.body) == "text");
  }
}

// A session knows its requests in flight; a modern request stands alone, so two clients of one
// address may well use one id at once.
TEST_CASE("[M35] HTTP: an id in flight is refused within a session, and free without one") {
  McpFixture fixture;
  const std::string members = R"("name":"held",)";
  const EraClient legacy(fixture, EraClient::Era::legacy);
  HttpWire first(fixture.port());
  legacy.begin(first, legacy.body("7", "tools/call", members), "tools/call");
  REQUIRE(fixture.held->wait_for(0));
  const WireAnswer again = legacy.call("7", "held", "{}");
  CHECK(again.status == 400);
  CHECK(error_code_of(again) == -32600);
  CHECK(id_of(again) == "7");
  CHECK(legacy.call("\"7\"", "echo", R"({"text":"x"})").status == 200);
  fixture.held->answer("first", 0);
  CHECK(text_of(first.read_answer().body) == "first");
  CHECK(legacy.call("7", "echo", R"({"text":"x"})").status == 200);  // answered, so free again

  const EraClient modern(fixture, EraClient::Era::modern);
  HttpWire one(fixture.port()), other(fixture.port());
  for (HttpWire* wire : {&one, &other}) {
    modern.begin(*wire, modern.body("7", "tools/call", members), "tools/call", "held");
    REQUIRE(fixture.held->wait_for(wire == &one ? 1 : 2));
  }
  fixture.held->answer("other", 2);
  fixture.held->answer("one", 1);
  CHECK(text_of(one.read_answer().body) == "one");
  CHECK(text_of(other.read_answer().body) == "other");
}

}  // namespace
}  // namespace devs
