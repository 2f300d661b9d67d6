#include "orchestrator/net/http_message.h"

#include <doctest/doctest.h>

namespace devs {
namespace {

TEST_CASE("http_status_of: the one table from Code to status") {
  CHECK(http_status_of(Code::ok) == 200);
  CHECK(http_status_of(Code::invalid_argument) == 400);
  CHECK(http_status_of(Code::unauthenticated) == 401);
  CHECK(http_status_of(Code::permission_denied) == 403);
  CHECK(http_status_of(Code::not_found) == 404);
  CHECK(http_status_of(Code::resource_exhausted) == 503);
  CHECK(http_status_of(Code::deadline_exceeded) == 504);
  CHECK(http_status_of(Code::cancelled) == 503);
  CHECK(http_status_of(Code::data_loss) == 500);
  CHECK(http_status_of(Code::unavailable) == 503);
  CHECK(http_status_of(Code::internal) == 500);
}

TEST_CASE("answer_of: a message is quoted, a bug is not explained") {
  const HttpAnswer bad = answer_of(Status(Code::invalid_argument, "say \"x\"\n\xff"));
  CHECK(bad.status == 400);
  CHECK(bad.body ==
        R"({"error":"BAD_REQUEST","reason":"invalid_argument","message":"say \"x\"??"})");
  const HttpAnswer bug = answer_of(Status(Code::internal, "secret"));
  CHECK(bug.body.find("secret") == std::string::npos);
  CHECK(answer_of(Status(Code::unavailable, "closing")).headers[0].first == "Retry-After");
}

TEST_CASE("method_of: upper case only, six of them") {
  CHECK(method_of("GET") == Method::get);
  CHECK(method_of("DELETE") == Method::del);
  for (const char* other : {"get", "TRACE", "CONNECT", "PRI", "PATCH", ""})
    CHECK_FALSE(method_of(other).has_value());
}

TEST_CASE("name_of: content types are exact") {
  CHECK(name_of(ContentType::sse) == "text/event-stream");
  CHECK(name_of(ContentType::json) == "application/json");
  CHECK(name_of(ContentType::metrics) == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(name_of(ContentType::text) == "text/plain; charset=utf-8");
}

}  // namespace
}  // namespace devs
