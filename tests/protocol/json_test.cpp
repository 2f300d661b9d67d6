#include "protocol/json.h"

#include <doctest/doctest.h>

#include <string>

namespace devs {
namespace {

constexpr JsonBounds kWide{64 * kMiB, 64, 10'000'000, 64 * kMiB, 4096, 2 * kMiB};

std::string compact(std::string_view text, const JsonBounds& bounds = kRequestJson) {
  const auto result = compact_json(text, bounds);
  return result.ok() ? *result : "refused: " + result.status().message();
}

bool refused(std::string_view text) {
  const auto result = compact_json(text, kRequestJson);
  return !result.ok() && result.status().code() == Code::invalid_argument;
}

bool exhausted(std::string_view text, const JsonBounds& bounds) {
  const auto result = compact_json(text, bounds);
  return !result.ok() && result.status().code() == Code::resource_exhausted;
}

std::string repeat(std::string_view what, std::size_t times) {
  std::string text;
  text.reserve(what.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += what;
  return text;
}

TEST_CASE("compact_json: white space outside strings goes, everything else stays") {
  CHECK(compact(" { \"a\" :\t[ 1 ,\r\n 2.50 ] , \"b c\" : \" x \" } \n") ==
        R"({"a":[1,2.50],"b c":" x "})");
  CHECK(compact("\n\n[\n]") == "[]");
  CHECK(compact("1 ") == "1");
  CHECK(compact(" {} ") == "{}");
}

TEST_CASE("compact_json: order, number spelling and escapes are untouched") {
  for (const char* text : {R"({"z":1,"a":1.10,"m":-0,"e":1E+2,"big":100000000000000000000})",
                           R"(["\u0041\/","\u2028","\ud83d\ude00","\n\\\"","日本","😀"])",
                           R"("\u0000")", "null", "true", "false", "0", "-0", "-1.5e-3", "[]", "{}",
                           "\"\"", "[[],[{}]]", R"({"__proto__":1,"constructor":2})", "1e-400",
                           "0e999999", "-0.0e+400", "9007199254740993", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK(compact(text) == text);
  }
}

TEST_CASE("compact_json: what is not one JSON text is refused") {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nulll",
                           "True",
                           "{",
                           "[",
                           "\"",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "{,}",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\" 1}",
                           "{\"a\":1 \"b\":2}",
                           "[1 2]",
                           "[1}",
                           "{\"a\":1]",
                           "]",
                           "}",
                           ":",
                           ",",
                           "1 2",
                           "{}{}",
                           "[] x",
                           "{} // c",
                           "/* c */ 1",
                           "'x'",
                           "{'a':1}",
                           "\xEF\xBB\xBF{}",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "-",
                           "+1",
                           "01",
                           "-01",
                           ".5",
                           "1.",
                           "1.e1",
                           "1e",
                           "1e+",
                           "0x1",
                           "1_0",
                           "--1",
                           "[1]\x0b",
                           "\f1",
                           "\xC2\xA0"
                           "1"}) {
    CAPTURE(text);
    CHECK(refused(text));
  }
  CHECK(refused(std::string_view("{\0}", 3)));
  CHECK(refused(std::string_view("{}\0", 3)));
  CHECK(refused(std::string_view("[\0\1\0]\0", 6)));  // as UTF-16 would begin
}

TEST_CASE("compact_json: a text cut at any byte is refused") {
  const std::string whole =
      R"({"jsonrpc":"2.0","id":1,"params":{"x":[true,null,-1.5e3,"\u00e9\ud83d\ude00ü"]}})";
  REQUIRE(compact(whole) == whole);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    CAPTURE(cut);
    CHECK(refused(std::string_view(whole).substr(0, cut)));
  }
}

TEST_CASE("compact_json: strings are UTF-8, without control bytes or lone surrogates") {
  for (const char* text : {"\"\x80\"",
                           "\"\xC0\xAF\"",
                           "\"\xC1\x81\"",
                           "\"\xE0\x80\x80\"",
                           "\"\xE0\x9F\xBF\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xED\xBF\xBF\"",
                           "\"\xF0\x80\x80\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xF5\x80\x80\x80\"",
                           "\"\xFF\"",
                           "\"\xE2\x82\"",
                           "\"\xE2\x82",
                           "\"\xF0\x9F\x98\"",
                           "\"a\nb\"",
                           "\"a\tb\"",
                           "\"\x1f\"",
                           R"("\ud800")",
                           R"("\udc00")",
                           R"("\ud800x")",
                           R"("\ud800\n")",
                           R"("\ud800\ud800")",
                           R"("\ude00\ud83d")",
                           R"("\u12")",
                           R"("\u12g4")",
                           R"("\x41")",
                           R"("\a")",
                           R"("\U0041")",
                           R"("\)",
                           "\"\\"}) {
    CAPTURE(text);
    CHECK(refused(text));
  }
  CHECK(refused(std::string_view("\"a\0b\"", 5)));
  for (const char* text :
       {"\"\xC2\x80\"", "\"\xE0\xA0\x80\"", "\"\xED\x9F\xBF\"", "\"\xF0\x90\x80\x80\"",
        "\"\xF4\x8F\xBF\xBF\"", "\"\x7f\"", "\"\u2028\u202e\""}) {
    CAPTURE(text);
    CHECK(compact(text) == text);
  }
}

TEST_CASE("compact_json: a member name comes once, however it is written") {
  CHECK(refused(R"({"a":1,"a":2})"));
  CHECK(refused(R"({"a":1,"\u0061":2})"));
  CHECK(refused(R"({"\u00e9":1,"é":2})"));
  CHECK(refused(R"({"\ud83d\ude00":1,"😀":2})"));
  CHECK(refused(R"({"":1,"":2})"));
  CHECK(refused(R"([{"x":{"a":1,"b":2,"a":3}}])"));
  CHECK(refused(R"({"a":1,"b":{"c":1},"a":2})"));
  CHECK(compact(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})").front() == '{');
  CHECK(compact(R"({"a":1,"A":2,"\\u0061":3})").front() == '{');
}

TEST_CASE("compact_json: duplicates are found among many names, at any distance") {
  for (const std::size_t names : {2U, 8U, 9U, 33U, 1000U}) {
    std::string distinct = "{";
    for (std::size_t i = 0; i < names; ++i) {
      distinct += "\"member " + std::to_string(i) + "\":{\"inner\":0},";
    }
    CAPTURE(names);
    CHECK(compact(distinct + "\"last\":0}").front() == '{');
    CHECK(refused(distinct + "\"member 0\":0}"));
    CHECK(refused(distinct + "\"member\\u0020" + std::to_string(names / 2) + "\":0}"));
    CHECK(refused(distinct + "\"member " + std::to_string(names - 1) + "\":0}"));
  }
}

TEST_CASE("compact_json: NUL is allowed in a value and refused in a name") {
  CHECK(compact(R"({"a":"\u0000"})") == R"({"a":"\u0000"})");
  CHECK(refused(R"({"a\u0000":1})"));
}

TEST_CASE("compact_json: a number that overflows a double is refused") {
  for (const char* text :
       {"1e309", "1e400", "-1e400", "1.8e308", "10e308", "0.1e310", "179769313486231580793e289",
        "1e99999999999999999999", "123456789e301"}) {
    CAPTURE(text);
    CHECK(refused(text));
  }
  for (const char* text : {"1e308", "1.7976931348623157e308", "-1.7976931348623157e308",
                           "0.00001e313", "1e-99999999999999999999", "0e400", "0.000e999"}) {
    CAPTURE(text);
    CHECK(compact(text) == text);
  }
  CHECK(compact(std::string(309, '1'), kWide).front() == '1');
  CHECK(!compact_json(std::string(310, '1'), kWide).ok());
  CHECK(compact(std::string(308, '0').replace(0, 2, "0.") + "1e300", kWide).front() == '0');
}

TEST_CASE("compact_json: each bound lets its last byte in and the next one not") {
  const JsonBounds bounds{100, 3, 7, 10, 5, 4};
  CHECK(compact(std::string(98, ' ') + "[]", bounds) == "[]");
  CHECK(exhausted(std::string(99, ' ') + "[]", bounds));
  CHECK(compact("[[[]]]", bounds) == "[[[]]]");
  CHECK(exhausted("[[[[", bounds));
  CHECK(exhausted("[{\"a\":[{", bounds));
  CHECK(compact("[0,0,0,0,0,0]", bounds) == "[0,0,0,0,0,0]");
  CHECK(exhausted("[0,0,0,0,0,0,0]", bounds));
  CHECK(exhausted(R"({"a":0,"b":0,"c":0,"d":0})", bounds));
  CHECK(compact("\"0123456789\"", bounds) == "\"0123456789\"");
  CHECK(exhausted("\"0123456789a\"", bounds));
  CHECK(exhausted(R"("\u0041\u0041")", bounds));
  CHECK(compact(R"({"12345":0})", bounds) == R"({"12345":0})");
  CHECK(exhausted(R"({"123456":0})", bounds));
  CHECK(compact("1234", bounds) == "1234");
  CHECK(exhausted("12345", bounds));
}

TEST_CASE("compact_json: the messages name the byte") {
  CHECK(compact("[1,x]").starts_with("refused: byte 3: "));
  CHECK(compact("{\"a\":1,\"a\":2}") == "refused: byte 7: a member name that was there already");
  CHECK(compact("[1").starts_with("refused: byte 2: "));
  CHECK(compact("[[", {100, 1, 9, 9, 9, 9}) == "refused: byte 1: nesting beyond 1");
}

TEST_CASE("compact_json: brackets by the megabyte end at the depth bound") {
  CHECK(exhausted(std::string(60'000, '['), kRequestJson));
  CHECK(exhausted(std::string(2'000'000, '['), kUpstreamJson));
  CHECK(exhausted(repeat("{\"a\":", 12'000), kRequestJson));
  CHECK(exhausted(repeat("[{\"a\":", 10'000), kRequestJson));
  const std::string closed = std::string(64, '[') + std::string(64, ']');
  CHECK(compact(closed) == closed);
  CHECK(exhausted("[" + closed + "]", kRequestJson));
}

TEST_CASE("compact_json: four megabytes of small things end at the token bound") {
  CHECK(exhausted("[" + repeat("{},", 1'300'000) + "0]", kRequestJson));
  CHECK(exhausted("[" + repeat("\"\",", 1'300'000) + "0]", kRequestJson));
  CHECK(exhausted("\"" + std::string(4 * kMiB - 2, 'x') + "\"", kRequestJson));
  CHECK(exhausted("{\"" + std::string(kMiB, 'x') + "\":1}", kRequestJson));
  CHECK(exhausted(std::string(kMiB, '1'), kRequestJson));
  CHECK(exhausted(std::string(4 * kMiB + 1, ' '), kRequestJson));
  const std::string full = "[" + repeat("0,", 99'997) + "0]";  // 99 999 tokens
  CHECK(compact(full).size() == full.size());
}

TEST_CASE("compact_json: five hundred thousand names are compared in time") {
  std::string text = "{";
  for (int i = 0; i < 500'000; ++i) text += "\"n" + std::to_string(i) + "\":0,";
  CHECK(compact(text + "\"z\":0}", kWide).size() == text.size() + 6);
  CHECK(!compact_json(text + "\"n7\":0}", kWide).ok());
}

TEST_CASE("compact_json: compacting twice changes nothing") {
  const std::string once = compact("{ \"a\" : [ 1 , { \"b\" : \"c d\" } ] }");
  CHECK(compact(once) == once);
}

}  // namespace
}  // namespace devs
