#include "orchestrator/net/answer_writer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/front_routes.h"

namespace devs {
namespace {

HttpAnswer answer(int status, ContentType type, std::string body,
                  std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {.status = status,
          .type = type,
          .body = std::move(body),
          .headers = std::move(headers),
          .close = false};
}

std::vector<HttpAnswer> answers() {
  HttpAnswer closing = answer(200, ContentType::json, "{}");
  closing.close = true;
  return {
      answer(200, ContentType::json, R"({"a":1})"),
      answer(202, ContentType::none, ""),
      answer(204, ContentType::none, ""),
      answer(304, ContentType::none, "", {{"ETag", "\"x\""}}),
      answer(200, ContentType::text, "text", {{"Cache-Control", "no-cache"}}),
      answer(200, ContentType::html, std::string(100'000, 'h')),
      answer(404, ContentType::json, "{}", {{"X-One", "1"}, {"X-One", "2"}}),
      answer(429, ContentType::json, "{}", {{"Retry-After", "5"}}),
      answer(500, ContentType::json, "{}"),
      answer(503, ContentType::ndjson, "{}\n"),
      answer(200, ContentType::json, "{}", {{"X-Bad", "a\r\nEvil: 1"}}),
      answer(200, ContentType::json, "{}", {{"Bad name", "x"}}),
      answer(200, ContentType::json, "{}", {{"X-Raw", "\xc3\xa9"}}),
      closing,
  };
}

std::vector<std::pair<std::string, std::string>> sorted(const RawAnswer& raw) {
  auto headers = raw.headers;
  std::sort(headers.begin(), headers.end());
  return headers;
}

// Answers by number: at once, or later.
std::vector<Route> both_ways(LiveFront&) {
  const auto chosen = [](Exchange& exchange) {
    return answers()[std::stoul(*exchange.head().query_param("n"))];
  };
  std::vector<Route> rows;
  rows.push_back({.method = Method::get,
                  .pattern = "/now",
                  .handler = [chosen](Exchange& exchange) { exchange.respond(chosen(exchange)); }});
  rows.push_back(
      {.method = Method::get, .pattern = "/later", .handler = [chosen](Exchange& exchange) {
         HttpAnswer made = chosen(exchange);
         exchange.defer(std::chrono::seconds(5)).send(std::move(made));
       }});
  return rows;
}

TEST_CASE("answer_writer: an answer has the same status, headers and body from both writers") {
  LiveFront::Options options;
  options.front.origins = {"https://page.example"};
  LiveFront live(std::move(options), both_ways);
  for (const char* origin : {"", "Origin: https://page.example\r\n"}) {
    for (std::size_t n = 0; n < answers().size(); ++n) {
      CAPTURE(n);
      for (const char* method : {"GET", "HEAD"}) {
        CAPTURE(method);
        const auto ask = [&](const char* path) {
          RawClient client = live.client();
          client.say(std::string(method) + " " + path + "?n=" + std::to_string(n) +
                     " HTTP/1.1\r\nHost: localhost:" + std::to_string(live.port()) + "\r\n" +
                     origin + "\r\n");
          RawAnswer got = client.answer(method == std::string("HEAD"));
          live.settle();
          client.read_some();
          CHECK(client.buffer().empty());  // not one byte more
          return got;
        };
        const RawAnswer now = ask("/now");
        const RawAnswer later = ask("/later");
        CHECK(now.status == later.status);
        CHECK(sorted(now) == sorted(later));
        CHECK(now.body == later.body);
        CHECK(now.head.substr(0, now.head.find("\r\n")) ==
              later.head.substr(0, later.head.find("\r\n")));
        CHECK(now.header("access-control-allow-origin") ==
              (std::string(origin).empty() ? "" : "https://page.example"));
      }
    }
  }
}

TEST_CASE("answer_writer: the standing headers") {
  EncodedAnswer encoded = encode_answer(json_answer(200, "{}"), 100);
  finish_head(encoded.head, {.date = "D", .close = false});
  CHECK(encoded.head ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Length: 2\r\n"
        "Date: D\r\nKeep-Alive: timeout=15\r\n\r\n");
  CHECK(encoded.body == "{}");
}

TEST_CASE("answer_writer: a stream's head, chunked and for HTTP/1.0") {
  const HttpAnswer sse = answer(200, ContentType::sse, "", {{"Cache-Control", "no-cache"}});
  EncodedAnswer chunked = encode_stream_head(sse, true);
  finish_head(chunked.head, {.date = "D", .close = false});
  CHECK(chunked.head ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
        "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n"
        "Date: D\r\n\r\n");
  EncodedAnswer bare = encode_stream_head(sse, false);
  finish_head(bare.head, {.date = "D", .close = true});
  CHECK(bare.head.find("Transfer-Encoding") == std::string::npos);
  CHECK(bare.head.ends_with("Date: D\r\nConnection: close\r\n\r\n"));
}

TEST_CASE("answer_writer: the cap on an answer has an edge") {
  CHECK(encode_answer(json_answer(200, "1234"), 4).status == 200);
  CHECK(encode_answer(json_answer(200, "12345"), 4).status == 500);
}

TEST_CASE("answer_writer: dates as RFC 9110 writes them, made once a second") {
  const std::chrono::system_clock::time_point at{std::chrono::seconds(784'111'777)};
  CHECK(http_date(at) == "Sun, 06 Nov 1994 08:49:37 GMT");
  DateLine line;
  const char* const first = line.at(at).data();
  CHECK(line.at(at + std::chrono::milliseconds(999)).data() == first);
  CHECK(line.at(at + std::chrono::seconds(1)) == "Sun, 06 Nov 1994 08:49:38 GMT");
}

TEST_CASE("answer_writer: canned refusals say 1 to 5 in turn") {
  CannedRefusals canned;
  for (const char* wait : {"1", "2", "3", "4", "5", "1"})
    CHECK(canned.next() == "HTTP/1.1 503 Service Unavailable\r\nRetry-After: " + std::string(wait) +
                               "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace devs
