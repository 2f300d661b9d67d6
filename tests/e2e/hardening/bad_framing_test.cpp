// The bad inputs of the HTTP list: never a crash or a hang, the answer at once,
// close after every refusal.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/e2e/hardening/attack.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

struct Bad {
  const char* what;
  std::string bytes;  // `@` stands for host and port
  int status;         // 0: closed without a word
};

std::string at(const LiveFront& live, std::string text) {
  const std::string authority = "127.0.0.1:" + std::to_string(live.port());
  for (std::size_t mark = text.find('@'); mark != std::string::npos; mark = text.find('@', mark))
    text.replace(mark, 1, authority);
  return text;
}

std::string get(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: @\r\n" + fields + "\r\n";
}
std::string post(const std::string& fields, const std::string& body = {}) {
  return "POST /mcp HTTP/1.1\r\nHost: @\r\nContent-Type: application/json\r\n" + fields + "\r\n" +
         body;
}
std::string typed(const std::string& type, const std::string& more = {}) {
  return "POST /mcp HTTP/1.1\r\nHost: @\r\n" +
         (type.empty() ? "" : "Content-Type: " + type + "\r\n") + more +
         "Content-Length: 2\r\n\r\n{}";
}
std::string hosted(const std::string& host) {
  return "GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

std::vector<Bad> bad_inputs() {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      {"2 bare LF", "GET /hello HTTP/1.1\nHost: @\n\n", 400},
      {"3 CR only", "GET /hello HTTP/1.1\rHost: @\r\r", 400},
      {"4 NUL in method", std::string("G\0T / HTTP/1.1\r\n", 16), 400},
      {"4 NUL in target", std::string("GET /\0 HTTP/1.1\r\n", 17), 400},
      {"6 header of 1 MB", "GET /hello HTTP/1.1\r\nHost: @\r\nA: " + std::string(20'000, 'a'), 431},
      {"7 space before the colon", get("/hello", "A : b\r\n"), 400},
      {"8 no colon", get("/hello", "abc\r\n"), 400},
      {"9 folded", get("/hello", "A: b\r\n\tc\r\n"), 400},
      {"10 empty name", get("/hello", ": b\r\n"), 400},
      {"11 DEL", get("/hello", "A: \x7f\r\n"), 400},
      {"11 0x01", get("/hello", "A: \x01\r\n"), 400},
      {"11 raw 0x80 in Authorization", get("/hello", "Authorization: Bearer \x80\r\n"), 400},
      {"13 two Host", "GET /hello HTTP/1.1\r\nHost: @\r\nHost: @\r\n\r\n", 400},
      {"14 no Host", "GET /hello HTTP/1.1\r\n\r\n", 400},
      {"14 no Host in 1.0", "GET /hello HTTP/1.0\r\n\r\n", 400},
      {"15 user part",
       "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\x40"
       "evil\r\n\r\n",
       400},
      {"15 foreign", hosted("evil.com"), 403},
      {"15 foreign port", hosted("127.0.0.1:1"), 403},
      {"15 [::1", hosted("[::1"), 400},
      {"15 empty", hosted(""), 400},
      {"15 1 KB", hosted(std::string(1'024, 'a')), 400},
      {"15 trailing dot", hosted("localhost."), 400},
      {"16 absolute, other", "GET http://evil.com/hello HTTP/1.1\r\nHost: @\r\n\r\n", 400},
      {"16 authority form", "GET @ HTTP/1.1\r\nHost: @\r\n\r\n", 400},
      {"16 * with GET", get("*"), 400},
      {"17 //mcp", get("//hello"), 404},
      {"17 /./mcp", get("/./hello"), 404},
      {"17 /mcp/", get("/hello/"), 404},
      {"17 /mcp;x", get("/hello;x"), 404},
      {"17 /mcp%2f", get("/hello%2f"), 404},
      {"17 /%6dcp", get("/%68ello"), 404},
      {"19 %", get("/items/%"), 400},
      {"19 %g1", get("/items/%g1"), 400},
      {"19 %u0041", get("/items/%u0041"), 400},
      {"19 %00", get("/items/%00"), 400},
      {"19 %c0%ae", get("/items/%c0%ae"), 400},
      {"20 fragment", get("/hello#x"), 400},
      {"22 HTTP/0.9 line", "GET /hello\r\n", 400},
      {"22 HTTP/0.9", "GET /hello HTTP/0.9\r\nHost: @\r\n\r\n", 505},
      {"22 HTTP/1.2", "GET /hello HTTP/1.2\r\nHost: @\r\n\r\n", 505},
      {"22 trailing space", "GET /hello HTTP/1.1 \r\nHost: @\r\n\r\n", 400},
      {"23 lower case", "get /hello HTTP/1.1\r\nHost: @\r\n\r\n", 501},
      {"23 TRACE", "TRACE /hello HTTP/1.1\r\nHost: @\r\n\r\n", 501},
      {"23 CONNECT", "CONNECT @ HTTP/1.1\r\nHost: @\r\n\r\n", 501},
      {"23 method of 8 KB", std::string(8'192, 'A') + " / HTTP/1.1\r\n", 501},
      {"24 TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9), 0},
      {"25 CL and TE", post("Content-Length: 2\r\n" + chunked, "{}"), 400},
      {"26 gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"26 chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n"), 501},
      {"26 xchunked", post("Transfer-Encoding: xchunked\r\n"), 501},
      {"26 Chunked + tab", post("Transfer-Encoding: Chunked\t\r\n"), 501},
      {"27 two equal CL", post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), 400},
      {"27 1,1", post("Content-Length: 1,1\r\n", "{"), 400},
      {"27 2^64", post("Content-Length: 18446744073709551616\r\n"), 400},
      {"27 2^63-1", post("Content-Length: 9223372036854775807\r\n"), 400},
      {"27 over the row's limit", post("Content-Length: 4194305\r\n"), 413},
      {"28 POST without CL", post(""), 411},
      {"29 GET with body", get("/hello", "Content-Length: 2\r\n"), 400},
      {"29 DELETE with body", "DELETE /items/1 HTTP/1.1\r\nHost: @\r\nContent-Length: 2\r\n\r\n{}",
       400},
      {"31 0x3", post(chunked, "0x3\r\n"), 400},
      {"31 -2", post(chunked, "-2\r\n"), 400},
      {"31 FFFFFFFFFFFFFFFF", post(chunked, "FFFFFFFFFFFFFFFF\r\n"), 400},
      {"31 long extension", post(chunked, "3;ext=" + std::string(10'000, 'x')), 400},
      {"31 no CRLF after data", post(chunked, "2\r\n{}0\r\n\r\n"), 400},
      {"31 trailers", post(chunked, "2\r\n{}\r\n0\r\nA: b\r\n\r\n"), 400},
      {"32 gzip", typed("application/json", "Content-Encoding: gzip\r\n"), 415},
      {"32 identity, gzip", typed("application/json", "Content-Encoding: identity, gzip\r\n"), 415},
      {"33 missing", typed(""), 415},
      {"33 text/plain", typed("text/plain"), 415},
      {"33 multipart", typed("multipart/form-data; boundary=" + std::string(8'000, 'b')), 415},
      {"33 other charset", typed("application/json; charset=latin1"), 415},
      {"34 unknown Expect", post("Expect: tea\r\nContent-Length: 2\r\n", "{}"), 417},
      {"46 cookie of 64 KB",
       "GET /hello HTTP/1.1\r\nHost: @\r\nCookie: " + std::string(65'536, 'c'), 431},
      {"48 two Authorization",
       get("/hello", "Authorization: Bearer a\r\nAuthorization: Bearer a\r\n"), 401},
      {"48 long Authorization",
       get("/hello", "Authorization: Bearer " + std::string(4'096, 'a') + "\r\n"), 401},
      {"53 Origin null", get("/hello", "Origin: null\r\n"), 403},
      {"53 other origin", get("/hello", "Origin: https://good.evil\r\n"), 403},
      {"53 fragment in it", get("/hello", "Origin: https://evil#good\r\n"), 403},
      {"53 trailing slash", get("/hello", "Origin: http://@/\r\n"), 403},
      {"53 two Origins", get("/hello", "Origin: http://@\r\nOrigin: http://@\r\n"), 403},
      {"53 4 KB", get("/hello", "Origin: http://" + std::string(4'000, 'a') + "\r\n"), 403},
      {"53 cross-site without Origin", get("/hello", "Sec-Fetch-Site: cross-site\r\n"), 403},
  };
}

TEST_CASE("HttpFront: bad inputs are refused as the list says, and the connection closes") {
  LiveFront live({}, front_routes);
  for (const Bad& bad : bad_inputs()) {
    CAPTURE(bad.what);
    RawClient client = live.client();
    client.say(at(live, bad.bytes));
    const RawAnswer answer = client.answer();
    CHECK(answer.status == bad.status);
    if (bad.status != 0) {
      CHECK(answer.header("connection") == "close");
      CHECK(answer.header("content-type") == "application/json");
      CHECK(answer.body.starts_with("{\"error\":\""));
    }
    CHECK(client.read_end());
    CHECK(client.buffer().empty());
  }
  good_client_is_served(live);
}

TEST_CASE("HttpFront: odd inputs that mean one thing are served") {
  LiveFront live({}, front_routes);
  const std::vector<std::string> odd = {
      "GET /hello HTTP/1.1\r\nHost: LOCALHOST:" + std::to_string(live.port()) + "\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: [::1]:" + std::to_string(live.port()) + "\r\n\r\n",
      at(live, "GET http://@/hello HTTP/1.1\r\nHost: @\r\n\r\n"),
      at(live, get("/hello?a?b=c")),
      at(live, get("/hello", "Authorization: Bearer %0d%0aEvil: 1\r\n")),
      at(live, get("/hello", "Range: bytes=9223372036854775807-\r\n")),
      at(live, get("/hello", "Range: bytes=" + std::string(8'000, '9') + "-\r\n")),
      at(live, get("/hello", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n")),
      at(live, get("/hello", "Upgrade: websocket\r\nConnection: Upgrade\r\n")),
      at(live, get("/hello", "X-Forwarded-For: \r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n")),
      at(live, get("/hello", "Origin: http://@\r\n")),
      at(live, get("/hello", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n")),
      at(live, typed("Application/JSON; charset=UTF-8")),
  };
  for (const std::string& bytes : odd) {
    CAPTURE(bytes);
    RawClient client = live.client();
    CHECK(client.ask(bytes).status == 200);
    CHECK(client.ask(get_text("/hello", live.port())).status == 200);  // and stays open
  }
}

TEST_CASE("HttpFront: a line end after a body is skipped once, and only on a kept connection") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  CHECK(client.ask(post_text("/mcp", live.port(), "{}") + "\r\n").status == 200);
  CHECK(client.ask(get_text("/hello", live.port())).status == 200);
  client.say("\r");
  live.settle();
  CHECK(client.ask("\n" + get_text("/hello", live.port())).status == 200);
  client.say("\r\n\r\n");
  CHECK(client.read_end());
}

TEST_CASE("HttpFront: after the last chunk comes the next request") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(at(live, post("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n")) +
             get_text("/hello", live.port()));
  CHECK(client.answer().body == R"({"bytes":2})");
  CHECK(client.answer().body == R"({"hello":true})");
}

TEST_CASE("HttpFront: a hundred pipelined requests are answered in order up to the first bad one") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  std::string all;
  for (int i = 0; i < 100; ++i)
    all +=
        i == 60 ? std::string("BAD\r\n\r\n") : get_text("/items/" + std::to_string(i), live.port());
  client.say(all);
  for (int i = 0; i < 60; ++i) REQUIRE(client.answer().body == "item <" + std::to_string(i) + ">");
  CHECK(client.answer().status == 400);
  CHECK(client.read_end());
  CHECK(client.buffer().empty());
}

TEST_CASE("HttpFront: a body cut short by the peer's end is refused") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(at(live, post("Content-Length: 10\r\n", "{}")));
  client.half_close();
  CHECK(client.answer().status == 400);
  CHECK(client.read_end());
}

TEST_CASE(
    "HttpFront: Expect: 100-continue is answered before the body, or with the refusal alone") {
  LiveFront live({}, front_routes);
  RawClient good = live.client();
  good.say(at(live, post("Expect: 100-continue\r\nContent-Length: 2\r\n")));
  CHECK(good.answer(true).status == 100);
  good.say("{}");
  CHECK(good.answer().status == 200);
  RawClient bad = live.client();
  bad.say(at(live, post("Expect: 100-continue\r\nContent-Length: 9999999\r\n")));
  CHECK(bad.answer().status == 413);
  RawClient silent = live.client();
  silent.say(at(live, post("Expect: 100-continue\r\nContent-Length: 2\r\n")));
  CHECK(silent.answer(true).status == 100);
  live.pass(10s);
  CHECK(silent.answer().status == 408);
  RawClient early = live.client();  // the body came with the head: nothing to wait for
  CHECK(early.ask(at(live, post("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"))).status ==
        200);
}

TEST_CASE("HttpFront: RST in head, in body, before the answer: freed at once") {
  LiveFront live({}, front_routes);
  RawClient in_head = live.client();
  in_head.say("GET /he");
  RawClient in_body = live.client();
  in_body.say(at(live, post("Content-Length: 10\r\n", "{}")));
  RawClient waiting = live.client();
  waiting.say(get_text("/later", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1 && live.front().counts().in_hand == 2; }));
  in_head.hard_close();
  in_body.hard_close();
  waiting.hard_close();
  CHECK(live.until([&] { return live.front().counts().connections == 0; }));
  CHECK(live.until([&] { return live.gone == 1; }));
  std::move(live.take_kept()).send(json_answer(200, "{}"));
  CHECK(
      live.until([&] { return live.count("http_answers_dropped_total", "reason=\"gone\"") == 1; }));
}

TEST_CASE("HttpFront: a peer that takes nothing of a large answer is reset after 10 s") {
  LiveFront live({}, front_routes);
  RawClient client = live.client(4'096);
  client.say(get_text("/big?bytes=20000000", live.port()));
  REQUIRE(client.read_text("\r\n\r\n"));
  live.settle();
  live.pass(9s);
  CHECK(live.front().counts().connections == 1);
  live.pass(2s);
  CHECK(live.until([&] { return live.front().counts().connections == 0; }));
  CHECK(live.count("http_answers_dropped_total", "reason=\"stalled\"") == 1);
}

TEST_CASE("HttpFront: an answer over the cap is a 500, not a cut one") {
  LiveFront::Options options;
  options.front.max_answer_bytes = 1'000'000;
  LiveFront live(std::move(options), front_routes);
  CHECK(live.get("/big?bytes=1000000").body.size() == 1'000'000);
  const RawAnswer answer = live.get("/big?bytes=2000000");
  CHECK(answer.status == 500);
  CHECK(answer.body == R"({"error":"ANSWER_TOO_LARGE","reason":"answer"})");
}

TEST_CASE("HttpFront: a kept connection carries no identity over") {
  LiveFront::Options options;
  options.authorize = [](Exchange& exchange, const Route&) -> std::optional<HttpAnswer> {
    const std::string_view token = exchange.head().field("authorization");
    if (token.empty()) return error_answer(401, "UNAUTHORIZED", "missing_bearer_token");
    exchange.set_principal({.name = std::string(token.substr(7)), .is_operator = false});
    return std::nullopt;
  };
  LiveFront live(std::move(options), front_routes);
  RawClient client = live.client();
  const auto who = [&](std::string_view fields) {
    return client.ask(get_text("/who", live.port(), fields));
  };
  CHECK(who("Authorization: Bearer ann\r\n").body.find("\"ann\"") != std::string::npos);
  CHECK(who("").status == 401);
  CHECK(who("Authorization: Bearer bob\r\n").body.find("\"bob\"") != std::string::npos);
}

}  // namespace
}  // namespace devs
