#include "protocol/base64.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

TEST_CASE("base64: the vectors of RFC 4648") {
  CHECK(base64_encode("") == "");
  CHECK(base64_encode("f") == "Zg==");
  CHECK(base64_encode("fo") == "Zm8=");
  CHECK(base64_encode("foo") == "Zm9v");
  CHECK(base64_encode("foob") == "Zm9vYg==");
  CHECK(base64_encode("fooba") == "Zm9vYmE=");
  CHECK(base64_encode("foobar") == "Zm9vYmFy");
  CHECK(base64_encode(std::string_view("\xfb\xff\x00", 3)) == "+/8A");
}

TEST_CASE("base64: what was encoded is accepted, bad padding is not") {
  for (const char* bytes : {"", "f", "fo", "foo", "foob"}) {
    CHECK(is_base64(base64_encode(bytes)));
  }
  for (const char* text : {"Z", "Zg", "Zg=", "Zm8", "Zg==Zg==", "Zm9v=", "Zh==", "Zm9=", "Zm-_",
                           "====", "=Zg=", "Zm9v\n", "Zm 9v"}) {
    CAPTURE(text);
    CHECK_FALSE(is_base64(text));
  }
}

}  // namespace
}  // namespace devs
