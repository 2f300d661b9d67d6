#include "orchestrator/net/chunked_body.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

using Step = ChunkedBody::Step;

struct Fed {
  Step step = Step::more;
  int status = 0;
  std::size_t used = 0;
  std::string body;
};

Fed feed(std::string_view text, std::size_t max = 1'000'000) {
  ChunkedBody decoder(max);
  Fed fed;
  fed.step = decoder.feed(text, fed.used, fed.body);
  fed.status = decoder.refusal().status;
  return fed;
}

TEST_CASE("ChunkedBody: decodes, and leaves what belongs to the next request") {
  const Fed fed = feed("3\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\nGET /");
  CHECK(fed.step == Step::done);
  CHECK(fed.body == "abc0123456789");
  CHECK(fed.used == std::string_view("3\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n").size());
  CHECK(feed("0\r\n\r\n").step == Step::done);
}

TEST_CASE("ChunkedBody: whatever the pieces, the same is read") {
  const std::string text = "3;x=y\r\nabc\r\n0000000b\r\nhello world\r\n0;end\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    ChunkedBody decoder(100);
    std::string body;
    Step last = Step::more;
    for (std::size_t at = 0; at < text.size(); at += step) {
      std::size_t used = 0;
      last = decoder.feed(std::string_view(text).substr(at, step), used, body);
    }
    CHECK(last == Step::done);
    CHECK(body == "abchello world");
  }
}

TEST_CASE("ChunkedBody: anything else is refused") {
  for (const char* text :
       {"0x3\r\nabc\r\n", "-2\r\n", "FFFFFFFFFFFFFFFF\r\n", "\r\n", " 3\r\nabc", "3 \r\nabc",
        "3\nabc", "3\r\nabcX", "3\r\nabc\rX", "3\r\nabc\n", "+3\r\n", "3\r\nabc0\r\n",
        "0\r\nTrailer: x\r\n\r\n", "000000003\r\n", "3;a b\r\n", "g\r\n", "3;\x80\r\n", "0\r\n\rX"})
    CHECK_MESSAGE((feed(text).step == Step::refused && feed(text).status == 400), text);
}

TEST_CASE("ChunkedBody: the sum is checked before a chunk is copied") {
  const Fed fed = feed("3\r\nabc\r\n8\r\nxx", 10);
  CHECK(fed.step == Step::refused);
  CHECK(fed.status == 413);
  CHECK(fed.body == "abc");
  CHECK(feed("3\r\nabc\r\n7\r\n0123456\r\n0\r\n\r\n", 10).step == Step::done);
  CHECK(feed("FFFFFFFF\r\n", 10).status == 413);
}

TEST_CASE("ChunkedBody: extensions, chunks and encoded bytes are bounded") {
  CHECK(feed("3;" + std::string(64, 'x') + "\r\n").step == Step::more);
  CHECK(feed("3;" + std::string(65, 'x') + "\r\n").status == 400);
  std::string many;
  for (std::size_t i = 0; i < ChunkedBody::kMaxChunks; ++i) many += "1\r\nx\r\n";
  CHECK(feed(many).step == Step::more);
  CHECK(feed(many + "1\r\n").status == 400);
  CHECK(feed(many, 20'000).status == 400);  // twice the limit in encoded bytes
}

}  // namespace
}  // namespace devs
