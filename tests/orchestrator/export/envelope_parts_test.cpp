#include "orchestrator/export/envelope_parts.h"

#include <doctest/doctest.h>

#include "tests/orchestrator/export/export_kit.h"

namespace devs {
namespace {

EnvelopeParts parts_of(std::string_view body, bool content = false, std::int64_t stored_ms = 0) {
  EnvelopeReader reader("5f3a9c01d2", content);
  return reader.read({7, body, {}, stored_ms});
}

TEST_CASE(
    "EnvelopeReader: an entry without a stamp happened when it was stored, else with "
    "the one before") {
  CHECK(parts_of(thought_line(3)).time_ns == 1'795'224'245'000'003'000);
  CHECK(parts_of(R"({"type":"thought","timestamp_ns":"0"})", false, 1'795'224'245'000).time_ns ==
        1'795'224'245'000'000'000);
  EnvelopeReader reader("5f3a9c01d2", false);
  CHECK(reader.read({1, R"({"type":"a"})", {}, 0}).time_ns == 0);
  reader.read({2, thought_line(3), {}, 0});
  CHECK(reader.read({3, R"({"type":"a","timestamp_ns":"nonsense"})", {}, 0}).time_ns ==
        1'795'224'245'000'003'000);
  CHECK(reader.read({4, R"({"type":"a"})", {}, INT64_MAX}).time_ns > 0);
}

TEST_CASE("EnvelopeReader: ids of a trace are lower-case hex of the right length, or none") {
  const auto trace = [](std::string_view id) {
    return parts_of(R"({"type":"action","trace_id":)" + std::string(id) + "}").trace_id;
  };
  CHECK(trace(R"("4bf92f3577b34da6a3ce929d0e0e4736")") == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(trace(R"("4BF92F3577B34DA6A3CE929D0E0E4736")").empty());
  CHECK(trace(R"("00000000000000000000000000000000")").empty());
  CHECK(trace(R"("4bf9")").empty());
  CHECK(trace("12345678901234567890123456789012").empty());
}

TEST_CASE("EnvelopeReader: content only when asked for, and cut at a code point") {
  CHECK(parts_of(thought_line(1)).text.empty());
  CHECK(parts_of(thought_line(1), true).text == "read the file first");
  CHECK(parts_of(action_line("c", 1), true).text == R"({"path":"a"})");
  CHECK(parts_of(observation_line("c", 1), true).text == "hello");
  CHECK(parts_of(R"({"type":"observation","stdout":"","stderr":"no"})", true).text == "no");
  std::string euros = "x";
  while (euros.size() < 2 * kMaxExportedText) euros += "\xE2\x82\xAC";
  const std::string cut = parts_of(thought_line(1, euros), true).text;
  CHECK(cut.size() <= kMaxExportedText);
  CHECK(cut.size() > kMaxExportedText - 4);
  CHECK(is_utf8(cut));
}

TEST_CASE(
    "start_of: as the action says, else as long before the end as it lasted, never "
    "after it") {
  EnvelopeParts end;
  end.time_ns = 1000;
  CHECK(start_of(nullptr, end) == 1000);
  end.duration_ms = 0.0004;
  CHECK(start_of(nullptr, end) == 600);
  end.duration_ms = 1e300;
  CHECK(start_of(nullptr, end) == 0);
  EnvelopeParts action;
  action.time_ns = 200;
  CHECK(start_of(&action, end) == 200);
  action.time_ns = 2000;
  CHECK(start_of(&action, end) == 1000);
}

TEST_CASE("is_failure: the exit code decides, without one the status") {
  EnvelopeParts end;
  CHECK(!is_failure(end));
  end.facts.status = "CANCELLED";
  CHECK(is_failure(end));
  end.exit_code = 0;
  CHECK(!is_failure(end));
  end.exit_code = 124;
  CHECK(is_failure(end));
}

}  // namespace
}  // namespace devs
