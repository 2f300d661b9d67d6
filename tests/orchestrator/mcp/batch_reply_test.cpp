#include "orchestrator/mcp/batch_reply.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/orchestrator/mcp/mcp_fixture.h"

namespace devs {
namespace {

std::string batch_of(int messages, std::string_view method = "ping") {
  std::string batch = "[";
  for (int i = 0; i < messages; ++i) {
    if (i != 0) batch += ',';
    batch += rpc(std::to_string(i), method);
  }
  return batch + "]";
}

TEST_CASE("[M7] batches: 1 to 100 messages are answered with one array") {
  McpFixture fixture;
  const McpClient client = fixture.ready("2025-03-26");
  for (const int size : {1, 2, 100}) {
    const WireAnswer answer = client.post(batch_of(size));
    CHECK(answer.status == 200);
    CHECK(answer.header("content-type") == "application/json");
    CHECK(JsonView(answer.body).size() == static_cast<std::size_t>(size));
  }
}

TEST_CASE("[M7] batches: 101, none, initialize inside, another revision, no session: 400") {
  McpFixture fixture;
  const McpClient client = fixture.ready("2025-03-26");
  for (const std::string& refused :
       {batch_of(101), batch_of(0), "[" + rpc("1", "ping") + "," + rpc("2", "initialize") + "]"}) {
    const WireAnswer answer = client.post(refused);
    CHECK(answer.status == 400);
    CHECK(error_code_of(answer) == -32600);
  }
  for (const char* other : {"2024-11-05", "2025-06-18", "2025-11-25"}) {
    const WireAnswer answer = fixture.ready(other).post(batch_of(2));
    CHECK(answer.status == 400);
    CHECK(error_code_of(answer) == -32600);
  }
  CHECK(fixture.client().post(batch_of(2)).status == 400);
}

TEST_CASE("[M7] batches: notifications alone are 202, a stranger among them is answered") {
  McpFixture fixture;
  const McpClient client = fixture.ready("2025-03-26");
  CHECK(client
            .post("[" + rpc("", "notifications/initialized") + "," +
                  R"({"jsonrpc":"2.0","id":1,"result":{}})" + "]")
            .status == 202);
  const WireAnswer mixed =
      client.post("[1,[],{}," + rpc("4", "ping") + "," + rpc("5", "nothing") + "]");
  CHECK(mixed.status == 200);
  CHECK(JsonView(mixed.body).size() == 5);
  CHECK(mixed.body.find(R"({"jsonrpc":"2.0","id":4,"result":{}})") != std::string::npos);
  CHECK(mixed.body.find("-32601") != std::string::npos);
}

TEST_CASE("[M7] batches: calls in one run at once, the array comes with the last") {
  McpFixture fixture;
  const McpClient client = fixture.ready("2025-03-26");
  HttpWire wire(fixture.port());
  client.begin_post(wire, "[" + rpc("1", "tools/call", call_params("held")) + "," +
                              rpc("2", "tools/call", call_params("held")) + "," + rpc("3", "ping") +
                              "]");
  REQUIRE(fixture.held->wait_for(1));
  CHECK(client.post(rpc("", "notifications/cancelled", R"({"requestId":1})")).status == 202);
  fixture.advance(std::chrono::seconds(5));  // a batch is never a stream
  const std::size_t second = fixture.held->was_stopped(0) ? 1 : 0;
  fixture.held->answer("two", second);
  const WireAnswer answer = wire.read_answer();
  CHECK(answer.header("content-type") == "application/json");
  CHECK(JsonView(answer.body).size() == 2);  // the cancelled one has no response
  CHECK(answer.body.find("two") != std::string::npos);
}

TEST_CASE("[M7] batches: one whose every call was cancelled is 202") {
  McpFixture fixture;
  const McpClient client = fixture.ready("2025-03-26");
  HttpWire wire(fixture.port());
  client.begin_post(wire, "[" + rpc("1", "tools/call", call_params("held")) + "]");
  REQUIRE(fixture.held->wait_for());
  CHECK(client.post(rpc("", "notifications/cancelled", R"({"requestId":1})")).status == 202);
  CHECK(wire.read_answer().status == 202);
}

}  // namespace
}  // namespace devs
