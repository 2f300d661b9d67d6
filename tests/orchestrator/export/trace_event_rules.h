#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace devs {

// What Perfetto's JSON importer asks of a trace-event file for every event to appear as
// it was meant: fields and their types, phases, scopes, times that are not negative,
// slices of one row that lie beside or within one another, E for every B unless the
// event says it has none.  Names what breaks it; empty: it opens whole.
class TraceEventRules {
 public:
  using Json = nlohmann::json;

  static std::vector<std::string> broken_by(const std::string& text) {
    TraceEventRules rules;
    const Json file = Json::parse(text, nullptr, false);
    if (file.is_discarded() || !file.is_object() || !file.contains("traceEvents") ||
        !file["traceEvents"].is_array()) {
      rules.bad(-1, "no JSON object with traceEvents");
      return rules.broken_;
    }
    if (file.contains("displayTimeUnit") && file["displayTimeUnit"] != "ms" &&
        file["displayTimeUnit"] != "ns")
      rules.bad(-1, "displayTimeUnit");
    // Its tokenizer reads keys of the outer object without \u escapes.
    int at = 0;
    for (const Json& event : file["traceEvents"]) rules.event(at++, event);
    rules.rows();
    return rules.broken_;
  }

 private:
  using Row = std::pair<std::uint32_t, std::uint32_t>;
  struct Slice {
    std::int64_t from, to;
    int at;
  };

  void bad(int at, const std::string& what) {
    broken_.push_back("event " + std::to_string(at) + ": " + what);
  }

  void event(int at, const Json& event) {
    if (!event.is_object()) return bad(at, "no object");
    if (!event.contains("ph") || !event["ph"].is_string() ||
        event["ph"].get<std::string>().size() != 1)
      return bad(at, "ph");
    const char phase = event["ph"].get<std::string>()[0];
    if (!event.contains("name") || !event["name"].is_string()) bad(at, "name");
    if (event.contains("cat") && !event["cat"].is_string()) bad(at, "cat");
    if (event.contains("args") && !event["args"].is_object()) bad(at, "args");
    const auto pid = number(at, event, "pid");
    if (phase == 'M') return metadata(at, event, pid);
    const Row row{pid, number(at, event, "tid")};
    if (!named_.contains(row) && row.first != 1) bad(at, "on a row without a name");
    if (!event.contains("ts") || !event["ts"].is_number_integer()) return bad(at, "ts");
    const std::int64_t ts = event["ts"];
    // Kept in nanoseconds, 64 bits.
    if (ts < 0 || ts > std::numeric_limits<std::int64_t>::max() / 1000) bad(at, "ts out of range");
    switch (phase) {
      case 'X': {
        if (!event.contains("dur") || !event["dur"].is_number_integer()) return bad(at, "dur");
        const std::int64_t dur = event["dur"];
        if (dur < 0) bad(at, "dur is negative");
        slices_[row].push_back({ts, ts + dur, at});
        break;
      }
      case 'B':
        if (!event.contains("args") || event["args"].value("unfinished", false) != true)
          bad(at, "B without E");
        slices_[row].push_back({ts, std::numeric_limits<std::int64_t>::max(), at});
        break;
      case 'i':
        if (const std::string scope = event.value("s", "t");
            scope != "t" && scope != "p" && scope != "g")
          bad(at, "scope " + scope);
        break;
      default:
        bad(at, std::string("phase ") + phase);
    }
  }

  void metadata(int at, const Json& event, std::uint32_t pid) {
    const std::string what = event.value("name", "");
    if (!event.contains("args") || !event["args"].contains("name") ||
        !event["args"]["name"].is_string() || event["args"]["name"].get<std::string>().empty())
      return bad(at, "names nothing");
    if (what == "process_name") {
      if (!ids_.insert(pid).second) bad(at, "pid used before");
    } else if (what == "thread_name") {
      const auto tid = number(at, event, "tid");
      if (!ids_.insert(tid).second) bad(at, "tid used before");
      named_.insert({pid, tid});
    } else {
      bad(at, "metadata " + what);
    }
  }

  std::uint32_t number(int at, const Json& event, const char* name) {
    if (event.contains(name) && event[name].is_number_unsigned() && event[name] <= 0xFFFFFFFFu)
      return event[name];
    bad(at, std::string(name) + " is no uint32");
    return 0;
  }

  // The importer keeps one stack per row; what neither ends before nor lies within the
  // slice below it is misdrawn.
  void rows() {
    for (auto& [row, slices] : slices_) {
      std::stable_sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) {
        return a.from != b.from ? a.from < b.from : a.to > b.to;
      });
      std::vector<Slice> stack;
      for (const Slice& slice : slices) {
        while (!stack.empty() && stack.back().to <= slice.from) stack.pop_back();
        if (!stack.empty() && stack.back().to < slice.to) bad(slice.at, "overlaps another");
        stack.push_back(slice);
      }
    }
  }

  std::vector<std::string> broken_;
  std::set<std::uint32_t> ids_;
  std::set<Row> named_;
  std::map<Row, std::vector<Slice>> slices_;
};

}  // namespace devs
