#include <doctest/doctest.h>

#include "tests/e2e/hardening/attack.h"

namespace devs {
namespace {

using namespace std::chrono_literals;

std::string host(const LiveFront& live) {
  return "Host: 127.0.0.1:" + std::to_string(live.port()) + "\r\n";
}
std::string json_post(const LiveFront& live, const std::string& more, const std::string& rest) {
  return "POST /mcp HTTP/1.1\r\n" + host(live) + "Content-Type: application/json\r\n" + more +
         "\r\n" + rest;
}

TEST_CASE("[A1] 200 MB of request line without an end: 414 after 512 bytes of path, memory flat") {
  LiveFront live({}, front_routes);
  good_client_is_served(live);
  const long before = resident_kib();
  RawClient client = live.client();
  client.say("GET /" + std::string(512, 'a'));
  const RawAnswer answer = client.answer();  // nothing more was needed
  CHECK(answer.status == 414);
  std::size_t sent = 0;
  const std::string piece(1'000'000, 'a');
  for (int i = 0; i < 200; ++i) {
    const std::size_t took = client.say(piece);
    sent += took;
    if (took < piece.size()) break;  // the front has hung up
  }
  CHECK(sent < 20'000'000);
  good_client_is_served(live);
  CHECK(resident_kib() - before < 16'384);
}

TEST_CASE("[A2] 600 000 fields: 431 at the 101st or at 16 KiB") {
  LiveFront live({}, front_routes);
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "a: b\r\n";
  CHECK(live.get("/hello", fields).status == 200);
  CHECK(status_of(live, "GET /hello HTTP/1.1\r\n" + host(live) + fields + "a: b\r\n") == 431);
  RawClient client = live.client();
  client.say("GET /hello HTTP/1.1\r\n" + host(live));
  for (int i = 0; i < 600; ++i) {
    std::string thousand;
    for (int k = 0; k < 1'000; ++k) thousand += "a: b\r\n";
    if (client.say(thousand) < thousand.size()) break;
  }
  const RawAnswer answer = client.answer();
  CHECK((answer.status == 431 || client.was_reset()));
  good_client_is_served(live);
}

TEST_CASE("[A3] 200 chunks of 1 MB: 413 before the chunk that passes the limit") {
  LiveFront live({}, front_routes);
  const long before = resident_kib();
  RawClient client = live.client();
  client.say(json_post(live, "Transfer-Encoding: chunked\r\n", ""));
  const std::string chunk = "100000\r\n" + std::string(1u << 20u, 'x') + "\r\n";
  for (int i = 0; i < 4; ++i) REQUIRE(client.say(chunk) == chunk.size());
  client.say("100000\r\n");  // the fifth is refused when its size is read
  CHECK(client.answer().status == 413);
  CHECK(client.read_end());
  good_client_is_served(live);
  CHECK(resident_kib() - before < 65'536);
}

TEST_CASE("[A4] 306 KB of gzip that mean 300 MB: 415, nothing inflated") {
  LiveFront live({}, front_routes);
  const std::string zipped(306'000, '\x1f');
  for (const char* coding : {"gzip", "br", "deflate", "identity, gzip", "GZIP"}) {
    RawClient client = live.client();
    client.say(json_post(
        live, "Content-Encoding: " + std::string(coding) + "\r\nContent-Length: 306000\r\n",
        zipped.substr(0, 20'000)));
    CHECK(client.answer().status == 415);
  }
  CHECK(live.post("/mcp", "{}", "Content-Encoding: identity\r\n").status == 200);
}

TEST_CASE("[A9] two requests in one packet: both answered, in order") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say(get_text("/items/1", live.port()) + post_text("/mcp", live.port(), "{\"n\":2}") +
             get_text("/items/3", live.port()));
  CHECK(client.answer().body == "item <1>");
  CHECK(client.answer().body == R"({"bytes":7})");
  CHECK(client.answer().body == "item <3>");
  // The second waits for the first, however long that takes.
  client.say(get_text("/later", live.port()) + get_text("/items/4", live.port()));
  REQUIRE(live.until([&] { return live.kept() == 1; }));
  live.settle();
  CHECK_FALSE(client.read_some());
  std::move(live.take_kept()).send(json_answer(200, "later"));
  CHECK(client.answer().body == "later");
  CHECK(client.answer().body == "item <4>");
}

TEST_CASE("[A10] GET with a body sent later: 400 and close, the body is no request") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  client.say("GET /hello HTTP/1.1\r\n" + host(live) + "Content-Length: 60\r\n\r\n");
  CHECK(client.answer().status == 400);
  client.say(get_text("/items/smuggled", live.port()));
  CHECK(client.read_end());
  CHECK(client.buffer().empty());
  CHECK(status_of(live, "GET /hello HTTP/1.1\r\n" + host(live) +
                            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
  CHECK(live.get("/hello", "Content-Length: 0\r\n").status == 200);
  good_client_is_served(live);
}

TEST_CASE("[A11] framing that two readers could read in two ways: 400 each") {
  LiveFront live({}, front_routes);
  for (const char* fields :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: +3\r\n", "Content-Length: 3xyz\r\n"})
    CHECK_MESSAGE(status_of(live, json_post(live, fields, "abc")) == 400, fields);
  for (const char* body : {"0x3\r\nabc\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n"})
    CHECK_MESSAGE(status_of(live, json_post(live, "Transfer-Encoding: chunked\r\n", body)) == 400,
                  body);
  good_client_is_served(live);
}

TEST_CASE("[A12] heads that cannot be meant: answered at once, no thread held") {
  LiveFront live({}, front_routes);
  const auto began = std::chrono::steady_clock::now();
  CHECK(status_of(live, json_post(live, "Content-Length: -1\r\n", "")) == 400);
  CHECK(status_of(live, json_post(live, "Transfer-Encoding: gzip, chunked\r\n", "")) == 501);
  CHECK(status_of(live, json_post(live, "Transfer-Encoding: chunked\r\n", "-2\r\n")) == 400);
  CHECK(status_of(live, json_post(live, "", "")) == 411);
  CHECK(status_of(live, "POST /mcp HTTP/1.1\r\n" + host(live) + "Content-Length : 3\r\n") == 400);
  // 50 ms each is the requirement; a sanitizer on a busy machine gets a second.
  CHECK(std::chrono::steady_clock::now() - began < 5s);
  good_client_is_served(live);
}

TEST_CASE("[A13] no Host, two, NUL in a value, folding: 400 each") {
  LiveFront live({}, front_routes);
  CHECK(status_of(live, "GET /hello HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of(live, "GET /hello HTTP/1.1\r\n" + host(live) + host(live) + "\r\n") == 400);
  CHECK(status_of(live, "GET /hello HTTP/1.1\r\n" + host(live) +
                            std::string("A: b\0c\r\n\r\n", 10)) == 400);
  CHECK(status_of(live, "GET /hello HTTP/1.1\r\n" + host(live) + "A: b\r\n c\r\n\r\n") == 400);
  good_client_is_served(live);
}

TEST_CASE("[A14] REMOTE_ADDR: 6.6.6.6 is a header like any other: the address is the socket's") {
  LiveFront live({}, front_routes);
  const RawAnswer who = live.get("/who",
                                 "REMOTE_ADDR: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n"
                                 "Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n");
  CHECK(who.status == 200);
  CHECK(who.body == R"({"peer":"127.0.0.1","principal":"local"})");
}

TEST_CASE("[A15] a handler that throws: 500, constant body, the text only in the log") {
  LiveFront live({}, front_routes);
  RawClient client = live.client();
  const RawAnswer answer = client.ask(get_text("/throws", live.port()));
  CHECK(answer.status == 500);
  CHECK(answer.body == R"({"error":"INTERNAL","reason":"exception"})");
  CHECK(answer.head.find("secret") == std::string::npos);
  CHECK_FALSE(answer.has("exception_what"));
  CHECK(live.log().has("secret text"));
  CHECK(client.ask(get_text("/hello", live.port())).status == 200);
  CHECK(live.get("/silent").status == 500);
}

TEST_CASE("[A17] Range of 1 200 parts: 200, the whole body, memory flat") {
  LiveFront live({}, front_routes);
  live.get("/big?bytes=1000000");
  const long before = resident_kib();
  std::string range = "Range: bytes=0-";
  for (int i = 1; i < 1'200; ++i) range += ",0-";
  const RawAnswer answer = live.get("/big?bytes=1000000", range + "\r\nIf-Range: \"x\"\r\n");
  CHECK(answer.status == 200);
  CHECK(answer.body.size() == 1'000'000);
  CHECK_FALSE(answer.has("content-range"));
  CHECK_FALSE(answer.has("accept-ranges"));
  CHECK(resident_kib() - before < 32'768);
}

TEST_CASE("[A18] Accept-Encoding: br on 4 MB changes nothing") {
  LiveFront live({}, front_routes);
  const RawAnswer plain = live.get("/big");
  const RawAnswer asked = live.get("/big", "Accept-Encoding: br, gzip, deflate, zstd\r\n");
  CHECK(asked.status == 200);
  CHECK(asked.body == plain.body);
  CHECK(asked.headers.size() == plain.headers.size());
  CHECK_FALSE(asked.has("content-encoding"));
}

TEST_CASE("[A24] a path of 8 000 bytes: 414, and no pattern sees it") {
  LiveFront live({}, front_routes);
  CHECK(status_of(live, get_text("/" + std::string(7'999, 'a'), live.port())) == 414);
  CHECK(status_of(live, get_text("/items/" + std::string(7'999, 'a'), live.port())) == 414);
  CHECK(live.get("/items/" + std::string(505, 'a')).status == 200);
  good_client_is_served(live);
}

TEST_CASE("[A29] query values: the first = ends a name, + is a space, nothing is cut") {
  LiveFront live({}, front_routes);
  CHECK(live.get("/query?token=abc=def").body == "token<abc=def>");
  CHECK(live.get("/query?token=abcd==").body == "token<abcd==>");
  CHECK(live.get("/query?a=ab+cd").body == "a<ab cd>");
  CHECK(live.get("/query?token=A&u=http://x/?q").body == "token<A>u<http://x/?q>");
}

TEST_CASE("[A30] %00, %ff%fe, %2e%2e%2f in a path: 400 each, not echoed") {
  LiveFront live({}, front_routes);
  for (const char* id : {"%00", "%ff%fe", "%2e%2e%2f"}) {
    const Refused refused = refused_by(live, get_text("/items/" + std::string(id), live.port()));
    CHECK(refused.answer.status == 400);
    CHECK(refused.closed);
    CHECK(refused.answer.body.find('%') == std::string::npos);
  }
  good_client_is_served(live);
}

TEST_CASE("[A32] a TLS hello is closed without a word; an HTTP/2 preface gets 505 and close") {
  LiveFront live({}, front_routes);
  RawClient tls = live.client();
  tls.say(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  CHECK(tls.read_end());
  CHECK(tls.buffer().empty());
  CHECK(status_of(live, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
  good_client_is_served(live);
}

}  // namespace
}  // namespace devs
