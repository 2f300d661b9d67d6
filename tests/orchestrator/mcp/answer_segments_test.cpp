// What the kernel counted of an answer: how many segments with data came.
#include <doctest/doctest.h>
#include <linux/tcp.h>

#include <string>

#include "tests/orchestrator/mcp/mcp_fixture.h"
#include "tests/orchestrator/mcp/modern_client.h"

namespace devs {
namespace {

unsigned data_segments(const HttpWire& wire) {
  tcp_info info{};
  socklen_t size = sizeof info;
  REQUIRE(getsockopt(wire.fd(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
  return info.tcpi_data_segs_in;
}

TEST_CASE("[M64] answers: a small one is one segment, head and body, in both eras") {
  McpFixture fixture;
  const McpClient legacy = fixture.ready();
  const ModernClient modern(fixture.port());
  HttpWire wire(fixture.port());
  for (unsigned i = 0; i < 20; ++i) {
    legacy.begin_post(wire, rpc("1", "tools/call", call_params("echo", R"({"text":"hi"})")));
    CHECK(text_of(wire.read_answer().body) == "hi");
    CHECK(data_segments(wire) == 3 * i + 1);
    modern.begin(
        wire, rpc("2", "tools/call", modern_params(R"("name":"echo","arguments":{"text":"hi"},)")),
        ModernClient::headers_for("tools/call", "echo"));
    CHECK(text_of(wire.read_answer().body) == "hi");
    CHECK(data_segments(wire) == 3 * i + 2);
    legacy.begin_post(wire, rpc("3", "tools/list"));
    CHECK(result_of(wire.read_answer())["tools"].size() == 2);
    CHECK(data_segments(wire) == 3 * i + 3);
  }
}

TEST_CASE("[M64] answers: of a stream, what is ready together is one segment") {
  McpFixture fixture;
  const McpClient client = fixture.ready();
  HttpWire wire(fixture.port());
  client.begin_post(wire,
                    rpc("1", "tools/call", call_params("held", "{}", R"({"progressToken":1})")));
  REQUIRE(fixture.held->wait_for());
  fixture.held->run().progress(R"({"progress":1})");
  REQUIRE(wire.read_head().status == 200);
  SseWire stream(wire);
  REQUIRE(stream.next());
  const unsigned before = data_segments(wire);
  fixture.held->answer("done");  // the last message, and the end
  REQUIRE(stream.next());
  CHECK_FALSE(stream.next());
  CHECK(stream.ended());
  CHECK(data_segments(wire) == before + 1);
}

}  // namespace
}  // namespace devs
