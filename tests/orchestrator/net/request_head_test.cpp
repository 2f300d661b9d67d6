#include "orchestrator/net/head_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <tuple>

namespace devs {
namespace {

using Step = HeadParser::Step;

struct Seen {
  Step step = Step::more;
  HttpRefusal refusal{};
  RequestHead head{};
  std::size_t size = 0;
};

Seen read(std::string_view bytes) {
  static const HeadLimits kLimits;
  HeadParser parser(kLimits);
  const Step step = parser.look(bytes);
  return {step, parser.refusal(), std::move(parser.head()), parser.size()};
}

// A head of this request line and these fields, Host included.
Seen head(const std::string& line, const std::string& fields = {}) {
  return read(line + "\r\nHost: localhost\r\n" + fields + "\r\n");
}

int refused(const Seen& seen) {
  return seen.step == Step::refused ? seen.refusal.status : -1;
}

TEST_CASE("HeadParser: a good head becomes a value") {
  const Seen seen =
      head("GET /a/b?x=1&y=a%20b+c HTTP/1.1", "X-One:  two three \r\nX-one: again\r\n");
  REQUIRE(seen.step == Step::done);
  CHECK(seen.head.method == Method::get);
  CHECK(seen.head.path == "/a/b");
  CHECK(seen.head.query == "x=1&y=a%20b+c");
  CHECK(*seen.head.query_param("y") == "a b c");
  CHECK(seen.head.query_param("z") == nullptr);
  CHECK(seen.head.field("x-one") == "two three");
  CHECK(seen.head.count("x-one") == 2);
  CHECK(seen.head.host == "localhost");
  CHECK(seen.head.keep_alive);
}

TEST_CASE("HeadParser: whatever the pieces, the same is read") {
  const std::string text =
      "POST /mcp?a=b HTTP/1.1\r\nHost: localhost:80\r\nContent-Length: 3\r\nX: y\r\n\r\nabc";
  const HeadLimits limits;
  for (std::size_t step = 1; step < text.size(); ++step) {
    HeadParser parser(limits);
    Step last = Step::more;
    for (std::size_t upto = step; last == Step::more; upto += step)
      last = parser.look(std::string_view(text).substr(0, std::min(upto, text.size())));
    REQUIRE(last == Step::done);
    CHECK(parser.size() == text.size() - 3);
    CHECK(parser.head().content_length == 3);
    CHECK(parser.head().fields.size() == 3);
  }
}

TEST_CASE("HeadParser: request lines that are refused") {
  for (const auto& [line, status] :
       std::vector<std::pair<std::string, int>>{{"GET  / HTTP/1.1", 400},
                                                {"GET / HTTP/1.1 ", 400},
                                                {"GET /", 400},
                                                {"GET / HTTP/0.9", 505},
                                                {"GET / HTTP/1.2", 505},
                                                {"GET / HTTP/2.0", 505},
                                                {"PRI * HTTP/2.0", 505},
                                                {"GET / http/1.1", 400},
                                                {"GET / HTTP/1.10", 400},
                                                {"GET /a b HTTP/1.1", 400},
                                                {"GET\t/ HTTP/1.1", 400},
                                                {"G\"T / HTTP/1.1", 400},
                                                {"GET x HTTP/1.1", 400},
                                                {"GET /#f HTTP/1.1", 400},
                                                {"GET /% HTTP/1.1", 400},
                                                {"GET /%g1 HTTP/1.1", 400},
                                                {"GET /%00 HTTP/1.1", 400},
                                                {"GET /%u0041 HTTP/1.1", 400},
                                                {"GET /%0a HTTP/1.1", 400},
                                                {"GET /\"x\" HTTP/1.1", 400},
                                                {"GET * HTTP/1.1", 400},
                                                {"GET localhost:80 HTTP/1.1", 400},
                                                {"GET https://localhost/ HTTP/1.1", 400},
                                                {"GET http://other/ HTTP/1.1", 400},
                                                {"GET ?x HTTP/1.1", 400},
                                                {"GET /?%zz HTTP/1.1", 400},
                                                {"GET /?a=1&a=2 HTTP/1.1", 400},
                                                {"GET /?x=%ff HTTP/1.1", 400},
                                                {"GET /?x#f HTTP/1.1", 400},
                                                {"GET /\x80 HTTP/1.1", 400}})
    CHECK_MESSAGE(refused(head(line)) == status, line);
  CHECK(refused(read(std::string("G\0T / HTTP/1.1\r\n", 16))) == 400);
  CHECK(refused(read(std::string("GET /\0 HTTP/1.1\r\n", 17))) == 400);
}

TEST_CASE("HeadParser: other forms of target") {
  CHECK(head("OPTIONS * HTTP/1.1").step == Step::done);
  CHECK(head("GET http://localhost/x?q=1 HTTP/1.1").head.path == "/x");
  CHECK(head("GET HTTP://LOCALHOST HTTP/1.1").head.path == "/");
  CHECK(head("GET /a?b?c=d HTTP/1.1").head.query_params[0] ==
        std::pair<std::string, std::string>("b?c", "d"));
  CHECK(head("GET /?token=abc=def HTTP/1.1").head.query_params[0].second == "abc=def");
}

TEST_CASE("HeadParser: a first byte that begins no request closes without a word") {
  for (const char* bytes : {"\x16\x03\x01", " GET", "\r\nGET", "\n", "{"})
    CHECK(refused(read(bytes)) == 0);
}

TEST_CASE("HeadParser: every limit has an edge") {
  const auto path = [](std::size_t n) { return "GET /" + std::string(n - 1, 'a') + " HTTP/1.1"; };
  CHECK(head(path(512)).step == Step::done);
  CHECK(refused(head(path(513))) == 414);
  const auto query = [](std::size_t n) { return "GET /?" + std::string(n, 'a') + " HTTP/1.1"; };
  CHECK(head(query(4'096)).step == Step::done);
  CHECK(refused(head(query(4'097))) == 414);
  CHECK(refused(head(std::string(16, 'A') + " / HTTP/1.1")) == -1);
  CHECK(refused(head(std::string(17, 'A') + " / HTTP/1.1")) == 501);
  const auto name = [](std::size_t n) { return std::string(n, 'n') + ": x\r\n"; };
  CHECK(head("GET / HTTP/1.1", name(256)).step == Step::done);
  CHECK(refused(head("GET / HTTP/1.1", name(257))) == 431);
  const auto value = [](std::size_t n) { return "N: " + std::string(n, 'v') + "\r\n"; };
  CHECK(head("GET / HTTP/1.1", value(8'192)).step == Step::done);
  CHECK(refused(head("GET / HTTP/1.1", value(8'193))) == 431);
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "A: b\r\n";
  CHECK(head("GET / HTTP/1.1", fields).step == Step::done);  // and Host
  CHECK(refused(head("GET / HTTP/1.1", fields + "A: b\r\n")) == 431);
  std::string params = "a0=";
  for (int i = 1; i < 64; ++i) params += "&a" + std::to_string(i) + "=";
  CHECK(head("GET /?" + params + " HTTP/1.1").step == Step::done);
  CHECK(refused(head("GET /?" + params + "&b= HTTP/1.1")) == 414);

  std::string whole = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 2; ++i) whole += "A: " + std::string(8'000, 'v') + "\r\n";
  whole += "B: " + std::string(16'384 - whole.size() - 7, 'v') + "\r\n\r\n";
  REQUIRE(whole.size() == 16'384);
  CHECK(read(whole).step == Step::done);
  whole.insert(whole.size() - 4, "v");
  CHECK(refused(read(whole)) == 431);
}

TEST_CASE("HeadParser: an endless line is refused at its limit, not at its end") {
  CHECK(refused(read("GET /" + std::string(512, 'a'))) == 414);
  CHECK(read("GET /" + std::string(511, 'a')).step == Step::more);
  CHECK(refused(read(std::string(17, 'A'))) == 501);
  const std::string start = "GET / HTTP/1.1\r\nHost: x\r\n";
  CHECK(refused(read(start + std::string(257, 'n'))) == 431);
  CHECK(refused(read(start + "a:" + std::string(8'197, 'v'))) == 431);
  CHECK(refused(read("GET / HTTP/1.1xxx")) == 400);
}

TEST_CASE("HeadParser: lines end with CRLF, and nothing else") {
  CHECK(refused(read("GET / HTTP/1.1\nHost: x\n\n")) == 400);
  CHECK(refused(read("GET / HTTP/1.1\rHost: x\r\r")) == 400);
  CHECK(refused(head("GET / HTTP/1.1", "A: b\n")) == 400);
  CHECK(refused(head("GET / HTTP/1.1", "A: b\rc\r\n")) == 400);
}

TEST_CASE("HeadParser: fields that are refused") {
  for (const char* field :
       {"A : b", "no colon", ": empty name", " folded: x", "\tfolded", "A\x80: b", "A: \x01",
        "A: \x7f", "Origin: \x80", "Mcp-Name: \xff", "A(b): c"})
    CHECK_MESSAGE(refused(head("GET / HTTP/1.1", std::string(field) + "\r\n")) == 400, field);
  CHECK(refused(head("GET / HTTP/1.1", std::string("A: b\0c\r\n", 8))) == 400);
  CHECK(head("GET / HTTP/1.1", "User-Agent: \xc3\xa9\tx\r\n").step == Step::done);
}

TEST_CASE("HeadParser: exactly one Host") {
  CHECK(refused(read("GET / HTTP/1.1\r\n\r\n")) == 400);
  CHECK(refused(read("GET / HTTP/1.0\r\n\r\n")) == 400);
  CHECK(refused(head("GET / HTTP/1.1", "Host: localhost\r\n")) == 400);
}

TEST_CASE("HeadParser: framing that two readers could understand in two ways is refused") {
  for (const auto& [fields, status] : std::vector<std::pair<std::string, int>>{
           {"Content-Length: 3\r\nContent-Length: 3", 400},
           {"Content-Length: 3\r\nContent-Length: 4", 400},
           {"Content-Length: 1,1", 400},
           {"Content-Length: +3", 400},
           {"Content-Length: -1", 400},
           {"Content-Length: 0x3", 400},
           {"Content-Length: 3xyz", 400},
           {"Content-Length:", 400},
           {"Content-Length:  3", 400},
           {"Content-Length: 3 ", 400},
           {"Content-Length: 18446744073709551616", 400},
           {"Content-Length: 9223372036854775807", 400},
           {"Content-Length: 12345678901", 400},
           {"Content-Length: 3\r\nTransfer-Encoding: chunked", 400},
           {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400},
           {"Transfer-Encoding: gzip, chunked", 501},
           {"Transfer-Encoding: chunked, chunked", 501},
           {"Transfer-Encoding: xchunked", 501},
           {"Transfer-Encoding: Chunked\t", 501},
           {"Transfer-Encoding: chunked ", 501},
           {"Transfer-Encoding: identity", 501}})
    CHECK_MESSAGE(refused(head("POST / HTTP/1.1", fields + "\r\n")) == status, fields);
  CHECK(refused(head("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n")) == 400);
  CHECK(head("POST / HTTP/1.1", "Content-Length:3\r\n").head.content_length == 3);
  CHECK(head("POST / HTTP/1.1", "Transfer-Encoding: CHUNKED\r\n").head.body ==
        RequestHead::Body::chunked);
}

TEST_CASE("HeadParser: connection and expectation") {
  CHECK_FALSE(head("GET / HTTP/1.1", "Connection: foo, Close\r\n").head.keep_alive);
  CHECK_FALSE(head("GET / HTTP/1.0", "Connection: keep-alive\r\n").head.keep_alive);
  CHECK(head("POST / HTTP/1.1", "Expect: 100-Continue\r\n").head.expects_continue);
  CHECK_FALSE(head("POST / HTTP/1.0", "Expect: 100-continue\r\n").head.expects_continue);
}

}  // namespace
}  // namespace devs
