// An answer that is a stream: its head, its pulls, its end.
#include <doctest/doctest.h>

#include "tests/support/front_routes.h"

namespace devs {
namespace {

TEST_CASE("HttpFront: a stream sends its head and first frame at once, then what is fed") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/trace/stream", live.port()));
  const RawAnswer head = client.answer(true);
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  CHECK(head.header("transfer-encoding") == "chunked");
  CHECK(client.read_text(": connected\n\n"));
  CHECK(live.front().counts().streams == 1);
  live.publish("data: 1\n\n");
  live.publish("data: 2\n\n");
  CHECK(client.read_text("9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n"));
  live.publish("data: 3\n\n", true);
  CHECK(client.read_end());
  CHECK(client.buffer().ends_with("9\r\ndata: 3\n\n\r\n0\r\n\r\n"));
  CHECK(live.until([&] { return live.front().counts().connections == 0; }));
  CHECK(live.feed().told().destroyed == 1);
}

TEST_CASE("HttpFront: bytes from a reader end its stream") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/trace/stream", live.port()));
  REQUIRE(client.read_text(": connected\n\n"));
  client.say("x");
  CHECK(client.read_end());
  CHECK(live.until([&] { return live.feed().told().error == 1; }));
}

// Counts its pulls; gives nothing, or says that there is more.
class Counting final : public SseProvider {
 public:
  Counting(std::atomic<int>& pulls, Next next, StreamLine& line)
      : pulls_(pulls), next_(next), line_(line) {}
  void attached(StreamLine line, bool) override { line_ = line; }
  Next pull(std::vector<FrameSlice>&, std::size_t) override {
    ++pulls_;
    return next_;
  }
  void detached(Gone) override {}

 private:
  std::atomic<int>& pulls_;
  const Next next_;
  StreamLine& line_;
};

// A client whose answer is such a stream.
struct CountedStream {
  explicit CountedStream(SseProvider::Next next) {
    client.say(get_text("/later", live.port()));
    REQUIRE(live.until([this] { return live.kept() == 1; }));
    StreamStart start;
    start.head.type = ContentType::sse;
    start.provider = std::make_unique<Counting>(pulls, next, line);
    std::move(live.take_kept()).stream(std::move(start));
  }

  std::atomic<int> pulls{0};
  StreamLine line;
  LiveFront live{{}, front_routes};
  RawClient client = live.client();
};

TEST_CASE("HttpFront: a thousand wakes in a turn are one pull") {
  CountedStream stream(SseProvider::Next::idle);
  REQUIRE(stream.live.until([&] { return stream.pulls == 1; }));
  stream.live.reactor().post([&stream] {
    for (int i = 0; i < 1'000; ++i) stream.line.wake();
  });
  stream.live.settle();
  CHECK(stream.pulls == 2);
  stream.client.hard_close();
  REQUIRE(stream.live.until([&] { return stream.live.front().counts().connections == 0; }));
  stream.live.reactor().post([&stream] {
    stream.line.wake();  // of a connection that is gone
    CHECK(stream.line.bytes_sent() == 0);
  });
  stream.live.settle();
  CHECK(stream.pulls == 2);
}

TEST_CASE("HttpFront: a provider that always has more takes no turn from others") {
  CountedStream stream(SseProvider::Next::more);
  REQUIRE(stream.live.until([&] { return stream.pulls > 3; }));
  CHECK(stream.live.get("/hello").status == 200);
}

}  // namespace
}  // namespace devs
