#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "protocol/json.h"
#include "tests/support/json_agreement.h"

namespace devs {
namespace {

// What the guard accepts, the reference library accepts, and the compact text
// is the same value.
void check_agreement(const std::string& text) {
  const auto compact = compact_json(text, kRequestJson);
  const bool parses = nlohmann::json::accept(text);
  CAPTURE(text);
  if (!compact.ok()) return;
  REQUIRE(parses);
  CHECK(nlohmann::json::parse(text) == nlohmann::json::parse(*compact));
  const auto again = compact_json(*compact, kRequestJson);
  REQUIRE(again.ok());
  CHECK(*again == *compact);
}

// Grows texts that are mostly JSON: a grammar with loose ends.
class Author {
 public:
  explicit Author(unsigned seed) : random_(seed) {}

  std::string value(int depth) {
    switch (depth > 4 ? pick(5) : pick(7)) {
      case 0:
        return number();
      case 1:
      case 2:
        return string();
      case 3:
        return word({"true", "false", "null", "0", "-0", "1e400", "1E-400", "01", "NaN"});
      case 4:
        return word({"{}", "[]", "[ ]", "{ }", "\"\\ud800\"", "\"\xff\"", "\"\\u0000\""});
      case 5: {
        std::string text = "[" + space();
        for (std::size_t left = pick(4); left > 0; --left) {
          text += value(depth + 1) + space() + (left > 1 ? "," : "") + space();
        }
        return text + "]";
      }
      default: {
        std::string text = "{" + space();
        for (std::size_t left = pick(4); left > 0; --left) {
          text += string() + space() + ":" + space() + value(depth + 1) + (left > 1 ? "," : "") +
                  space();
        }
        return text + "}";
      }
    }
  }

  std::string damage(std::string text) {
    if (text.empty() || pick(3) != 0) return text;
    const std::size_t at = pick(text.size());
    constexpr std::string_view kBytes = "{}[]:,\"\\ \n0eE+-.tfnu\x80\x01";
    switch (pick(3)) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text[at] = kBytes[pick(kBytes.size())];
        break;
      default:
        text.insert(at, 1, kBytes[pick(kBytes.size())]);
    }
    return text;
  }

 private:
  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }
  std::string word(std::initializer_list<const char*> of) { return of.begin()[pick(of.size())]; }
  std::string space() { return word({"", "", "", " ", "\n", "\t \r"}); }
  std::string number() {
    return word({"", "-"}) + std::to_string(pick(100'000)) + word({"", "", ".5", ".25", "."}) +
           word({"", "", "e1", "E+2", "e-3", "e"});
  }
  std::string string() {
    std::string text = "\"";
    for (std::size_t left = pick(5); left > 0; --left) {
      text += word({"a", "b", "é", "日", "😀", "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\u00e9",
                    "\\ud83d\\ude00", "}", "{", ",", ":", "long enough for eight bytes"});
    }
    return text + "\"";
  }

  std::mt19937 random_;
};

TEST_CASE("compact_json: agrees with the reference library on generated texts") {
  Author author(20260301);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = author.damage(author.value(0));
    check_agreement(text);
    if (const auto compact = compact_json(text, kRequestJson); compact.ok()) {
      ++accepted;
      CHECK(same_value(JsonView(*compact), nlohmann::json::parse(*compact)));
    }
  }
  CHECK(accepted > 5'000);  // else the author writes nothing worth reading
}

TEST_CASE("compact_json: refuses what the reference library refuses, byte by byte") {
  const std::string text = R"({"a":[1,-2.5e3,"\u00e9",true],"b":{"c":null}})";
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(byte);
      check_agreement(damaged);
      // And the other way, but for what the house alone forbids.
      if (nlohmann::json::accept(damaged) && !compact_json(damaged, kRequestJson).ok()) {
        const auto tree = nlohmann::json::parse(damaged);
        const bool doubled = tree.size() < 2;  // "a" twice: the tree keeps one
        CAPTURE(damaged);
        CHECK(doubled);
      }
    }
  }
}

}  // namespace
}  // namespace devs
