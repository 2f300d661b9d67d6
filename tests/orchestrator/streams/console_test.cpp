#include "orchestrator/streams/console.h"

#include <doctest/doctest.h>

#include <string>

#include "protocol/json.h"

using namespace devs;
using Kind = ConsoleView::Kind;

namespace {

std::string shown(std::string_view type, std::string_view envelope) {
  const ConsoleView view = annotate_for_console(type, envelope);
  CHECK(view.kind == Kind::shown);
  return view.text;
}

std::string summary(std::string_view type, const std::string& members) {
  const std::string text =
      shown(type, R"({"type":")" + std::string(type) + R"(","timestamp_ns":"1",)" + members + '}');
  return JsonView(text)["display"]["summary"].string().value_or("none");
}

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  for (; count > 0; --count) all += text;
  return all;
}

}  // namespace

TEST_CASE("[S0.12] console: a thought, an action, an observation, byte for byte") {
  CHECK(shown("thought", R"({"type":"thought","turn_index":1,"timestamp_ns":"0",)"
                         R"("payload":{"analysis":{"reasoning_chain":"smoke-test"}}})") ==
        R"({"type":"thought","turn_index":1,"timestamp_ns":"0",)"
        R"("payload":{"analysis":{"reasoning_chain":"smoke-test"}},"semantic_class":"thought",)"
        R"("highlight_color":"#A8D8EA","display":{"summary":"smoke-test","icon":")"
        "\xF0\x9F\x92\xAD\"}}");
  CHECK(shown("action", R"({"type":"action","timestamp_ns":"1","payload":{"tool_call":)"
                        R"({"tool_name":"read_file","arguments":{"path":"a\"b"}}}})") ==
        R"({"type":"action","timestamp_ns":"1","payload":{"tool_call":)"
        R"({"tool_name":"read_file","arguments":{"path":"a\"b"}}},"semantic_class":"action",)"
        R"("highlight_color":"#F9E4B7","display":{"summary":)"
        R"x("read_file({\"path\":\"a\\\"b\"})","icon":")x"
        "\xE2\x9A\xA1\"}}");
  CHECK(shown("observation", R"({"type":"observation","timestamp_ns":"1","stdout":"out"})") ==
        R"({"type":"observation","timestamp_ns":"1","stdout":"out","semantic_class":)"
        R"("observation","highlight_color":"#B7F9C3","display":{"summary":"out","icon":")"
        "\xF0\x9F\x91\x81\xEF\xB8\x8F\"}}");
}

TEST_CASE("[S0.12] console: where a summary is looked for") {
  CHECK(summary("thought", R"("payload":{"content":"c"})") == "c");
  CHECK(summary("thought", R"("payload":{"analysis":{"reasoning_chain":"r"},"content":"c"})") ==
        "r");
  CHECK(summary("thought", R"("payload":{})") == "");
  CHECK(summary("action", R"("payload":{"tool_call":{"tool_name":"t"}})") == "t()");
  CHECK(summary("action", R"("payload":{})") == "");
  CHECK(
      summary(
          "observation",
          R"("stdout":"flat","payload":{"observation":{"stdout":"o"},"result":{"stdout":"r"}})") ==
      "r");
  CHECK(summary("observation", R"("stdout":"flat","payload":{"observation":{"stdout":"o"}})") ==
        "o");
  CHECK(summary("observation", R"("stdout":"flat")") == "flat");
  CHECK(summary("observation",
                R"("stdout":"","stderr":"no such file","payload":{"result":{"stdout":""}})") ==
        "no such file");
  CHECK(summary("observation", R"("stdout":"AAAA","stderr":"","encoding":"base64")") ==
        "[base64 3 bytes]");
  CHECK(summary("observation", R"("stdout":"","stderr":"AAA=","encoding":"base64")") ==
        "[base64 2 bytes]");
  CHECK(summary("observation", R"("stdout":"AA==","stderr":"AAA=","encoding":"base64")") ==
        "[base64 1 bytes]");
}

TEST_CASE("[S0.12] console: a summary has at most 280 UTF-16 units, no half pair, no ellipsis") {
  const auto of = [](const std::string& text) {
    return summary("thought", R"("payload":{"content":)" + json_string(text) + '}');
  };
  CHECK(of(times(280, "a")) == times(280, "a"));
  CHECK(of(times(281, "a")) == times(280, "a"));
  CHECK(of(times(300, "\u00e9")) == times(280, "\u00e9"));
  CHECK(of(times(141, "\U0001F4AD")) == times(140, "\U0001F4AD"));
  CHECK(of('a' + times(140, "\U0001F4AD")) == 'a' + times(139, "\U0001F4AD"));
  // Escapes as a host may write them, a megabyte after them.
  const std::string escaped = times(200, R"(\ud83d\udcad)") + times(100'000, "x");
  CHECK(summary("thought", R"("payload":{"content":")" + escaped + R"("})") ==
        times(140, "\U0001F4AD"));
  // The accent belongs to the e in front of it.
  CHECK(of(times(279, "a") + "e\u0301b") == times(279, "a"));
  CHECK(of(times(400, "\u0301")) == times(280, "\u0301"));
  CHECK(summary("action", R"("payload":{"tool_call":{"tool_name":"t","arguments":{"a":")" +
                              times(1000, "\u20ac") + R"("}}})") ==
        R"(t({"a":")" + times(272, "\u20ac"));
}

TEST_CASE("[S0.12] console: what is not shown says why") {
  const std::string_view fine = R"({"type":"x","timestamp_ns":"1"})";
  CHECK(annotate_for_console("hitl", fine).kind == Kind::as_is);
  for (const std::string_view type : {"lifecycle", "system", "channel", "graph", "span"})
    CHECK(annotate_for_console(type, fine).kind == Kind::left_out);
  CHECK(annotate_for_console("THOUGHT", fine).kind == Kind::unknown);
  CHECK(annotate_for_console("thought", R"({"type":"thought"})").kind == Kind::no_stamp);
  for (const std::string_view member : {"semantic_class", "highlight_color", "display"})
    CHECK(annotate_for_console("thought", R"({"type":"thought","timestamp_ns":"1",")" +
                                              std::string(member) + R"(":null})")
              .kind == Kind::taken);
}
