// What the lists of the trace explorer cost: a log of calls and sent spans, its index, and
// every kind of question asked of it in turn, as the server asks it.
#include <cstdio>
#include <filesystem>
#include <string>

#include "orchestrator/query/offline_index.h"
#include "orchestrator/query/trace_queries.h"
#include "tools/bench/flags.h"
#include "tools/bench/latency.h"
#include "tools/bench/recording.h"

namespace devs {
namespace {

std::string numbered(const char* name, std::size_t n) {
  return std::string(name) + std::to_string(n);
}

// Two thirds of the entries are calls of forty tools, begun and ended, ten to a task; each of
// the rest is a span of a model, four to a trace.
std::string call_envelope(std::size_t n, bool begins) {
  const std::string ids = R"("timestamp_ns":")" +
                          std::to_string(1'795'224'245'000'000'000 + n * 1'000'000) +
                          R"(","agent_id":"dev-1","session_id":")" + numbered("s-", n / 100) +
                          R"(","task_id":")" + numbered("t-", n / 10) +
                          R"(","thread_id":"main","tool_call_id":")" + numbered("c-", n) + "\"";
  const std::string tool = numbered("tool_", n % 40);
  if (begins)
    return R"({"type":"action",)" + ids + R"(,"payload":{"tool_call":{"tool_name":")" + tool +
           R"(","arguments":{"path":"src/a.cc"},"server":"files"}}})";
  const bool failed = n % 50 == 0;
  return R"({"type":"observation",)" + ids + R"(,"exit_code":)" + (failed ? "1" : "0") +
         R"(,"stdout":"hello","stderr":"","encoding":"utf8","duration_ms":)" +
         std::to_string(n % 1'000) + R"(,"metadata":{"status":")" +
         (failed ? "TOOL_ERROR" : "SUCCESS") + R"(","tool_name":")" + tool +
         R"(","server":"files"},"payload":{}})";
}
std::string span_envelope(std::size_t n) {
  return R"({"type":"span","timestamp_ns":")" +
         std::to_string(1'795'224'245'000'000'000 + n * 1'000'000) +
         R"(","payload":{"update":false,"span":{"trace_id":")" + numbered("tr-", n / 4) +
         R"(","span_id":")" + numbered("sp-", n) +
         R"(","span_name":"chat","operation_type":"generation","model_name":"opal-3","duration_ms":12,)"
         R"("input_tokens":12,"output_tokens":30,"cost_usd":0.01,"tokens_per_second":40,)"
         R"("metadata":{"tenant":")" +
         numbered("v-", n % 7) + R"(","quality_score":0.)" + std::to_string(n % 10) + "}}}}";
}

Status record(const std::filesystem::path& dir, std::size_t spans) {
  auto recording = Recording::open({.dir = dir});
  if (!recording.ok()) return recording.status();
  std::size_t waits = 0;
  for (std::size_t n = 0; n < spans / 2; ++n)
    for (std::string& body :
         std::vector{call_envelope(n, true), call_envelope(n, false), span_envelope(n)})
      if (const auto given = (*recording)->publish(draft_of_published(std::move(body)), waits);
          !given.ok())
        return given.status();
  return (*recording)->close();
}

struct Asked {
  const char* words;  // for the table
  TracesFilter filter;
  std::size_t offset = 0;
};
std::vector<Asked> questions() {
  return {{"newest", {}},
          {"page_500", {}, 10'000},
          {"calls", {.operation_type = "tool_call"}},
          {"calls_failed", {.status = "failed", .operation_type = "tool_call"}},
          {"operation", {.operation_type = "generation"}},
          {"status", {.status = "failed"}},
          {"session", {.session_tag = "s-77"}},
          {"dates", {.from_ms = 1'795'224'250'000, .to_ms = 1'795'224'255'000}},
          {"workflow", {.workflow = "t-7"}},
          {"cost", {.cost = {.least = 0.05}}},
          {"duration", {.duration = {.least = 10}}},
          {"throughput", {.throughput = {.least = 41}}},
          {"errors", {.has_error = true}},
          {"quality", {.min_quality_score = 0.95}},
          {"meta", {.meta = {{"tenant", "v-3"}}}},
          {"search", {.search = "tool_7"}},
          {"search_nothing", {.search = "nothing of that kind"}},
          {"search_id", {.search = "0193ab3c-7d10-7a55-9f0e-2b1c5d7e9a01"}},
          {"owner", {.owner = "ann"}}};
}

int measure(const std::filesystem::path& dir, int rounds) {
  Log& log = stderr_log(Log::Level::warn);
  auto flight = FlightLog::open({.dir = dir}, log);
  if (!flight.ok()) return 2;
  const Nanos begin = now();
  auto index = OfflineIndex::open({.dir = dir}, **flight, (*flight)->epoch(), log);
  if (!index.ok()) return 2;
  const double index_s = static_cast<double>(now() - begin) / 1e9;
  const TraceQueries queries((*index)->readers(), **flight, (*flight)->epoch());

  bool ok = true;
  double worst_ms = 0;
  std::string figures;
  for (const Asked& asked : questions()) {
    Latency latency;
    for (int round = 0; round < rounds && ok; ++round) {
      TracesQuery query;
      query.filter = asked.filter;
      query.offset = asked.offset;
      const Nanos at = now();
      ok = queries.traces(query).ok();
      latency.add(now() - at);
    }
    const double p50_ms = static_cast<double>(latency.percentile(0.5)) / 1e6;
    worst_ms = std::max(worst_ms, p50_ms);
    figures += ",\"" + std::string(asked.words) + "_ms\":" + std::to_string(p50_ms);
  }
  std::printf(
      "{\"index_s\":%.2f,\"entries_per_s\":%.0f,\"index_kb\":%.0f,\"worst_ms\":%.2f%s,\"ok\":%s}\n",
      index_s, static_cast<double>((*flight)->last()) / index_s,
      static_cast<double>(std::filesystem::file_size(dir / "trace.db")) / 1024, worst_ms,
      figures.c_str(), ok ? "true" : "false");
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"dir", "spans", "rounds"});
  const std::filesystem::path dir = flags.text("dir");
  const auto spans = static_cast<std::size_t>(flags.whole("spans", 100'000, 2));
  const int rounds = flags.whole("rounds", 20, 1);
  Status made = flags.status();
  if (made.ok() && dir.empty()) made = Status(Code::invalid_argument, "--dir is needed");
  if (made.ok()) {
    std::filesystem::create_directories(dir);
    made = record(dir, spans);
  }
  if (made.ok()) return measure(dir, rounds);
  std::fprintf(stderr, "span_lists: %s\n", made.message().c_str());
  return 2;
}
