#include <doctest/doctest.h>

#include "tests/orchestrator/export/export_kit.h"
#include "tests/orchestrator/export/otlp_rules.h"
#include "tests/orchestrator/export/trace_event_rules.h"

namespace devs {
namespace {

// What an envelope may say where a name, an id or a text is expected.
const std::vector<std::string>& hostile_values() {
  static const std::vector<std::string> values{R"("\"},{\"ph\":\"X\"")",
                                               R"("</script><img src=x onerror=alert(1)>")",
                                               R"("\u0000\u001b[31m\u009b2J\u202e")",
                                               R"("\ud83d\ude00\ufffe")",
                                               R"("\\\\\"")",
                                               R"("__proto__")",
                                               R"("")",
                                               "null",
                                               "true",
                                               "-0",
                                               "1e308",
                                               "-1",
                                               "18446744073709551616",
                                               "0.1",
                                               "[]",
                                               "{}",
                                               R"([{"a":[{"b":"]}"}]}])",
                                               R"({"key":"x","value":{"stringValue":1}})",
                                               '"' + std::string(100'000, 'A') + '"',
                                               "\"\xE2\x82\xAC\xF0\x9F\x98\x80\"",
                                               R"("9223372036854775807")",
                                               R"("99999999999999999999")",
                                               R"("4bf92f3577b34da6a3ce929d0e0e4736")",
                                               R"("0000000000000000")"};
  return values;
}

const std::vector<std::string>& members() {
  static const std::vector<std::string> names{
      "type",     "timestamp_ns", "agent_id",       "agent_role", "session_id",
      "task_id",  "thread_id",    "tool_call_id",   "call_index", "turn_index",
      "trace_id", "span_id",      "parent_span_id", "exit_code",  "stdout",
      "stderr",   "duration_ms",  "metadata",       "payload"};
  return names;
}

void check_all(const ShortLog& log) {
  for (const bool content : {false, true}) {
    ExportJob job;
    job.options.content = content;
    job.options.filter = "tool=\"\n\x1b</script>";
    const auto json = exported(log, ExportFormat::json, job);
    CHECK(!nlohmann::json::parse(json.text, nullptr, false).is_discarded());
    CHECK(TraceEventRules::broken_by(exported(log, ExportFormat::chrome, job).text) ==
          std::vector<std::string>());
    // Ids are a host's to repeat; everything else must hold.
    auto otlp = OtlpRules::broken_by(exported(log, ExportFormat::otlp, job).text);
    std::erase_if(otlp, [](const std::string& rule) { return rule.ends_with("is there twice"); });
    CHECK(otlp == std::vector<std::string>());
  }
}

TEST_CASE("Exports: whatever one member of an envelope holds, every format stays valid") {
  for (const std::string& value : hostile_values()) {
    ShortLog log;
    for (const std::string type : {"thought", "action", "observation", "hitl"}) {
      for (const std::string& member : members()) {
        std::string body = "{\"" + member + "\":" + value;
        if (member != "type") body += ",\"type\":\"" + type + '"';
        if (member != "timestamp_ns") body += ",\"timestamp_ns\":\"" + stamp(5) + '"';
        if (member != "tool_call_id") body += ",\"tool_call_id\":\"" + type + '"';
        log.add(body + '}');
      }
    }
    CAPTURE(value.substr(0, 60));
    check_all(log);
  }
}

TEST_CASE("Exports: hostile texts inside payloads, keys and tool names stay text") {
  ShortLog log;
  for (const std::string& value : hostile_values()) {
    log.add(R"({"type":"action","tool_call_id":"c","payload":{"tool_call":{"tool_name":)" + value +
            R"(,"arguments":)" + value + R"(,"server":)" + value + R"(,"jsonrpc_request_id":)" +
            value + "}}}");
    log.add(R"({"type":"observation","tool_call_id":"c","stdout":)" + value +
            R"(,"metadata":{"status":)" + value + R"(,"tool_name":)" + value + "}}");
    log.add(R"({"type":"hitl","payload":{"event":)" + value + "}}");
    log.add(R"({"type":"thought","payload":{"analysis":{"reasoning_chain":)" + value + "}}}");
    log.add(R"({"\"},]":1,"</script>":{"\u001b":2},"payload":)" + value + "}");
  }
  check_all(log);
}

TEST_CASE("Exports: random bytes in the log are gaps, never a broken file") {
  std::uint64_t seed = 3;
  ShortLog log;
  for (int i = 0; i < 2000; ++i) {
    std::string line = i % 3 == 0 ? action_line("c-" + std::to_string(i), i)
                                  : observation_line("c-" + std::to_string(i - 1), i);
    for (int hits = i % 4; hits > 0; --hits) {
      seed = seed * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
      line[(seed >> 33u) % line.size()] = static_cast<char>(seed >> 56u);
    }
    log.add(std::move(line));
  }
  check_all(log);
}

}  // namespace
}  // namespace devs
