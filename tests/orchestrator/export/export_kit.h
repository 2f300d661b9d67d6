#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/export/export_log.h"
#include "trace/stored_log.h"

namespace devs {

// A log in memory, with holes where a test wants them.
class ShortLog final : public StoredLog {
 public:
  ShortLog() = default;
  explicit ShortLog(std::vector<std::string> bodies) {
    for (std::string& body : bodies) add(std::move(body));
  }
  void add(std::string body, std::int64_t stored_ms = 0) {
    lines_.push_back({std::move(body), stored_ms, LossReason::corrupt, false});
  }
  void lose(LossReason reason) { lines_.push_back({{}, 0, reason, true}); }

  Sequence oldest() const override { return 1; }
  Sequence last() const override { return lines_.size(); }
  ReadOutcome read(Sequence from, ReadLimits limits, const OnLine& on_line) const override {
    if (from > last()) return {from, std::nullopt};
    if (lines_[from - 1].lost)
      return {from + 1, Loss{from, from, lines_[from - 1].reason}};  // as small as can be
    Sequence at = from;
    for (; at <= last() && at - from < limits.entries && !lines_[at - 1].lost; ++at)
      on_line({at, lines_[at - 1].body, {}, lines_[at - 1].stored_ms});
    return {at, std::nullopt};
  }
  Sequence first_since(std::int64_t) const override { return 1; }

 private:
  struct Line {
    std::string body;
    std::int64_t stored_ms;
    LossReason reason;
    bool lost;
  };
  std::vector<Line> lines_;
};

struct Exported {
  std::string text;
  ExportReport report;
  std::vector<Loss> gaps;
  nlohmann::json json() const { return nlohmann::json::parse(text); }
};
inline Exported exported(const StoredLog& log, ExportFormat format, ExportJob job = {}) {
  Exported result;
  job.format = format;
  if (job.options.epoch.empty()) job.options.epoch = "5f3a9c01d2";
  job.options.version = "0.1.0";
  job.options.exported_at = "2026-11-21T12:00:00.000Z";
  job.write = [&result](std::string_view piece) {
    result.text += piece;
    return true;
  };
  job.on_gap = [&result](const Loss& gap) { result.gaps.push_back(gap); };
  auto report = export_log(log, job);
  if (report.ok()) result.report = *report;
  return result;
}

// Envelopes as SAOP 4 shows them; `at_us` after a fixed stamp.
inline std::string stamp(int at_us) {
  return std::to_string(1'795'224'245'000'000'000 + std::int64_t{at_us} * 1000);
}
inline std::string action_line(std::string_view call, int at_us, std::string_view tool = "read",
                               std::string_view agent = "dev-1", std::string_view task = "t-42") {
  std::string text =
      R"({"type":"action","turn_index":4,"timestamp_ns":"T","agent_id":"A","task_id":"K","tool_call_id":"C","call_index":0,"payload":{"tool_call":{"tool_call_id":"C","tool_name":"N","arguments":{"path":"a"},"server":"files"}}})";
  const std::map<std::string_view, std::string> fills{{"\"T\"", stamp(at_us)},
                                                      {"\"A\"", std::string(agent)},
                                                      {"\"K\"", std::string(task)},
                                                      {"\"C\"", std::string(call)},
                                                      {"\"N\"", std::string(tool)}};
  for (const auto& [hole, fill] : fills)
    for (std::size_t at = 0; (at = text.find(hole, at)) != text.npos; at += fill.size() + 2)
      text.replace(at, hole.size(), '"' + fill + '"');
  return text;
}
inline std::string observation_line(std::string_view call, int at_us, int exit_code = 0,
                                    std::string_view status = "SUCCESS",
                                    std::string_view agent = "dev-1",
                                    std::string_view task = "t-42") {
  std::string text =
      R"({"type":"observation","turn_index":4,"timestamp_ns":"T","agent_id":"A","task_id":"K","tool_call_id":"C","exit_code":X,"stdout":"hello","stderr":"","duration_ms":1.5,"metadata":{"status":"S","tool_name":"read","server":"files"},"payload":{}})";
  const std::map<std::string_view, std::string> fills{
      {"\"T\"", '"' + stamp(at_us) + '"'},        {"\"A\"", '"' + std::string(agent) + '"'},
      {"\"K\"", '"' + std::string(task) + '"'},   {"\"C\"", '"' + std::string(call) + '"'},
      {"\"S\"", '"' + std::string(status) + '"'}, {":X,", ':' + std::to_string(exit_code) + ','}};
  for (const auto& [hole, fill] : fills) text.replace(text.find(hole), hole.size(), fill);
  return text;
}
inline std::string thought_line(int at_us, std::string_view words = "read the file first") {
  return R"({"type":"thought","turn_index":4,"timestamp_ns":")" + stamp(at_us) +
         R"(","agent_id":"dev-1","task_id":"t-42","payload":{"analysis":{"reasoning_chain":)" +
         nlohmann::json(words).dump() + "}}}";
}

}  // namespace devs
