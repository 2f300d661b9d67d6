#include "protocol/json_text.h"

#include <doctest/doctest.h>

#include <string>

#include "protocol/json.h"

namespace devs {
namespace {

TEST_CASE("json_string: only what must be escaped is") {
  CHECK(json_string("") == "\"\"");
  CHECK(json_string("a\"b\\c/d") == R"("a\"b\\c/d")");
  CHECK(json_string("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(json_string(std::string("\0\x1f\x7f", 3)) == "\"\\u0000\\u001f\x7f\"");
  CHECK(json_string("日本 😀 \u2028") == "\"日本 😀 \u2028\"");
}

TEST_CASE("json_string: bytes that are no UTF-8 become U+FFFD") {
  CHECK(json_string("a\xFFz") == "\"a\uFFFDz\"");
  CHECK(json_string("\xC0\xAF") == "\"\uFFFD\uFFFD\"");
  CHECK(json_string("\xED\xA0\x80") == "\"\uFFFD\uFFFD\uFFFD\"");
  CHECK(json_string("ok\xE2\x82") == "\"ok\uFFFD\uFFFD\"");
}

TEST_CASE("json_string: any bytes make a text the guard accepts, and read back") {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  CHECK(compact_json(json_string(every), kRequestJson).ok());
  const std::string ascii = every.substr(0, 128);
  for (std::size_t at = 0; at <= ascii.size(); ++at) {
    const std::string turned = ascii.substr(at) + ascii.substr(0, at);
    CHECK(JsonView(json_string(turned)).string() == turned);
  }
}

TEST_CASE("plain_end: every special byte is found at every alignment") {
  for (const char special : {'"', '\\', '\n', '\0', '\x1f', '\x80', '\xff'}) {
    for (std::size_t at = 0; at < 24; ++at) {
      std::string text(32, '~');
      text[at] = special;
      CHECK(plain_end(text, 0) == at);
      CHECK(plain_end(text, at + 1) == text.size());
    }
  }
  CHECK(plain_end(" !#[]^\x7f~", 0) == 8);
}

TEST_CASE("is_utf8: well-formed is what the table of Unicode says") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("a\u00e9\u20ac\U0001F600"));
  CHECK(is_utf8(std::string_view("\0", 1)));
  for (const char* bad : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xE2\x82", "\xF8"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("utf8_prefix: a code point is never cut") {
  const std::string text = "a\u00e9\u20ac\U0001F600";  // 1 + 2 + 3 + 4 bytes
  const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (std::size_t limit = 0; limit < 12; ++limit) {
    CHECK(utf8_prefix(text, limit).size() == expected[limit]);
  }
  CHECK(utf8_prefix("", 0).empty());
}

}  // namespace
}  // namespace devs
