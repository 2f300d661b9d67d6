#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/json.h"

namespace devs {
namespace {

TEST_CASE("JsonView: members are found by name, whatever stands around them") {
  const JsonView view(R"({"a":{"b":[1,{"b":2}]},"s":"}\"{,","b":3,"":4,"\u0062\n":5})");
  CHECK(view.is_object());
  CHECK(view["a"].text() == R"({"b":[1,{"b":2}]})");
  CHECK(view["a"]["b"].is_array());
  CHECK(view["s"].text() == R"("}\"{,")");
  CHECK(view["b"].integer() == 3);
  CHECK(view[""].integer() == 4);
  CHECK(view["b\n"].integer() == 5);
  CHECK(view.size() == 5);
}

TEST_CASE("JsonView: what is not there is absent, not an error") {
  const JsonView view(R"({"a":1})");
  CHECK_FALSE(view["b"].present());
  CHECK(view["b"]["c"]["d"].kind() == JsonView::Kind::absent);
  CHECK(view["a"]["c"].text().empty());
  CHECK(JsonView().size() == 0);
  CHECK(JsonView("[1]")["0"].kind() == JsonView::Kind::absent);
  CHECK_FALSE(view["b"].string());
  CHECK_FALSE(view["b"].is(""));
}

TEST_CASE("JsonView: kinds are told by the first byte") {
  using Kind = JsonView::Kind;
  CHECK(JsonView("null").kind() == Kind::null);
  CHECK(JsonView("true").kind() == Kind::boolean);
  CHECK(JsonView("false").kind() == Kind::boolean);
  CHECK(JsonView("-1").kind() == Kind::number);
  CHECK(JsonView("0").kind() == Kind::number);
  CHECK(JsonView("\"\"").kind() == Kind::string);
  CHECK(JsonView("[]").kind() == Kind::array);
  CHECK(JsonView("{}").kind() == Kind::object);
}

TEST_CASE("JsonView: strings come unescaped") {
  CHECK(JsonView(R"("a\"\\\/\b\f\n\r\tz")").string() == "a\"\\/\b\f\n\r\tz");
  CHECK(JsonView(R"("\u0041\u00e9\u20ac\ud83d\ude00")").string() == "A\u00e9\u20ac\U0001F600");
  CHECK(JsonView(R"("a\u0000b")").string() == std::string("a\0b", 3));
  CHECK(JsonView("\"\"").string() == "");
  CHECK_FALSE(JsonView("1").string());
}

TEST_CASE("JsonView: strings compare by value") {
  CHECK(JsonView(R"("caf\u00e9")").is("caf\u00e9"));
  CHECK(JsonView(R"("\n")").is("\n"));
  CHECK_FALSE(JsonView(R"("\n")").is("\\n"));
  CHECK_FALSE(JsonView(R"("ab")").is("a"));
  CHECK_FALSE(JsonView(R"("a")").is("ab"));
  CHECK_FALSE(JsonView(R"("a\u0062")").is("a"));
  CHECK_FALSE(JsonView(R"("\ud83d\ude00")").is("\xF0\x9F\x98"));
  CHECK(JsonView("\"\"").is(""));
  CHECK_FALSE(JsonView("true").is("true"));
}

TEST_CASE("JsonView: an integer is one that fits and is spelled as one") {
  CHECK(JsonView("-0").integer() == 0);
  CHECK(JsonView("9223372036854775807").integer() == INT64_MAX);
  CHECK(JsonView("-9223372036854775808").integer() == INT64_MIN);
  CHECK_FALSE(JsonView("9223372036854775808").integer());
  CHECK_FALSE(JsonView("1.0").integer());
  CHECK_FALSE(JsonView("1e2").integer());
  CHECK_FALSE(JsonView("\"1\"").integer());
  CHECK(JsonView("1e2").number() == 100.0);
  CHECK(JsonView("-1.5").number() == -1.5);
  CHECK(JsonView("1e-400").number() == 0.0);
  CHECK_FALSE(JsonView("true").number());
  CHECK(JsonView("true").boolean() == true);
  CHECK(JsonView("false").boolean() == false);
  CHECK_FALSE(JsonView("1").boolean());
}

TEST_CASE("JsonView: members and elements come in written order") {
  std::string seen;
  JsonView(R"({"b":1,"\u0061":[2,{}],"":"x"})")
      .each_member([&](const std::string& name, JsonView value) {
        seen += name + "=" + std::string(value.text()) + ";";
      });
  CHECK(seen == "b=1;a=[2,{}];=\"x\";");
  std::vector<std::string> elements;
  JsonView(R"([1,"a,b",[2,3],{"x":[]},null])").each_element([&](JsonView value) {
    elements.emplace_back(value.text());
  });
  CHECK(elements == std::vector<std::string>{"1", "\"a,b\"", "[2,3]", "{\"x\":[]}", "null"});
  CHECK(JsonView("[]").size() == 0);
  CHECK(JsonView("{}").size() == 0);
  CHECK(JsonView("[[],[]]").size() == 2);
}

TEST_CASE("JsonView: several members are picked in one pass") {
  JsonView a, b, c;
  JsonView(R"({"b":2,"x":{"a":9},"\u0061":1})").pick({{"a", &a}, {"b", &b}, {"c", &c}});
  CHECK(a.integer() == 1);
  CHECK(b.integer() == 2);
  CHECK_FALSE(c.present());
}

TEST_CASE("JsonView: text that never met the guard is survived") {
  for (const char* text : {"{",         "{\"",
                           "{\"a",      "{\"a\"",
                           "{\"a\":",   "{\"a\":\"",
                           "{x}",       "{}}",
                           "[",         "[,",
                           "[,]",       "[}",
                           "[[",        "[\"",
                           "[\"\\",     "{\"a\"}",
                           "{:}",       "{,,,}",
                           "[]]",       "\"",
                           "\"\\",      "\"\\u",
                           "\"\\u12\"", "\"\\ud800\"",
                           "\"\\q\"",   "{\"\\ud800\":1}",
                           "x",         "-",
                           "{]",        "[:]"}) {
    const JsonView view(text);
    std::size_t seen = view.size();
    view.each_member([&](const std::string& name, JsonView) { seen += name.size(); });
    view.each_element([&](JsonView value) { seen += value.text().size(); });
    seen += view["a"].text().size() + view.string().value_or("").size();
    CHECK(seen < 100);
    CHECK_FALSE(view.is("something else"));
  }
}

}  // namespace
}  // namespace devs
