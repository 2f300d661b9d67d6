#include "protocol/sse_frame.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

std::string frame(const SseEvent& event) {
  std::string out;
  append_sse_frame(out, event);
  return out;
}

TEST_CASE("SseEvent: lines come as retry, id, event, data and an empty one") {
  CHECK(frame({"e-1", "hitl", "{}", 2000}) == "retry: 2000\nid: e-1\nevent: hitl\ndata: {}\n\n");
  CHECK(frame({"", "", "x"}) == "data: x\n\n");
  CHECK(frame({"", "", ""}) == "data: \n\n");
  CHECK(frame({"e-1", "", "", 0, false}) == "id: e-1\n\n");
  CHECK(frame({"", "", "", 2000, false}) == "retry: 2000\n\n");
}

TEST_CASE("SseEvent: line ends in data make more data lines") {
  CHECK(frame({"", "", "a\nb"}) == "data: a\ndata: b\n\n");
  CHECK(frame({"", "", "a\r\nb\rc\n"}) == "data: a\ndata: b\ndata: c\ndata: \n\n");
  CHECK(frame({"", "", "\r\n\r\n"}) == "data: \ndata: \ndata: \n\n");
  CHECK(frame({"", "", " x: y"}) == "data:  x: y\n\n");
  CHECK(frame({"", "", "a\u2028b"}) == "data: a\u2028b\n\n");
}

TEST_CASE("SseEvent: line ends and NUL in id or event smuggle nothing") {
  CHECK(frame({"1\ndata: evil", "x\r\n\r\nid: 9", "ok"}) ==
        "id: 1data: evil\nevent: xid: 9\ndata: ok\n\n");
  CHECK(frame({std::string_view("a\0b", 3), "", "", 0, false}) == "id: ab\n\n");
}

TEST_CASE("append_sse_comment: a comment is one line") {
  std::string out;
  append_sse_comment(out, "heartbeat");
  append_sse_comment(out, "");
  append_sse_comment(out, "a\n\ndata: evil");
  CHECK(out == ": heartbeat\n\n:\n\n: adata: evil\n\n");
}

TEST_CASE("append_chunk: hex length, and never the chunk that ends the body") {
  std::string out;
  append_chunk(out, "hello");
  append_chunk(out, "");
  append_chunk(out, std::string(255, 'x'));
  CHECK(out == "5\r\nhello\r\nff\r\n" + std::string(255, 'x') + "\r\n");
  CHECK(kLastChunk == "0\r\n\r\n");
}

}  // namespace
}  // namespace devs
