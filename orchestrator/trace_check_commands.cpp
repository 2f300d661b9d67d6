// `trace verify`, `trace repair`, `trace reindex`: the health of a directory.

#include <fmt/format.h>

#include "orchestrator/query/offline_index.h"
#include "orchestrator/terminal.h"
#include "orchestrator/trace_commands.h"
#include "protocol/json.h"
#include "trace/file.h"
#include "trace/log_check.h"

namespace devs {
namespace {

OnProgress shown_by(ProgressLine& line) {
  return [&line](const CheckProgress& at) {
    line.update(at.done_bytes, at.total_bytes, at.done_bytes);
  };
}

std::string entries_of(const LogFault& fault) {
  if (fault.from == 0) return {};
  if (fault.from == fault.through) return fmt::format("; entry {}", fault.from);
  return fmt::format("; entries {} to {}", fault.from, fault.through);
}

std::string line_of(const LogFault& fault) {
  return fmt::format("{}: byte {}: {}{}{}\n", fault.file, fault.offset, fault.what,
                     entries_of(fault), fault.repairable ? "; `trace repair` mends it" : "");
}

std::string fault_json(const LogFault& fault) {
  return fmt::format(R"({{"file":{},"offset":{},"from":{},"to":{},"what":{},"repairable":{}}})",
                     json_string(fault.file), fault.offset, fault.from, fault.through,
                     json_string(fault.what), fault.repairable);
}

bool print_report(const CheckReport& report, const std::string& dir, bool json) {
  if (json) {
    std::string faults;
    for (const LogFault& fault : report.faults)
      faults += (faults.empty() ? "" : ",") + fault_json(fault);
    return print_text(stdout,
                      fmt::format(R"({{"segments":{},"entries":{},"bytes":{},"first":{},)"
                                  R"("last":{},"lost":{},"repaired":{},"faults":[{}]}})"
                                  "\n",
                                  report.segments, report.entries, report.bytes, report.first,
                                  report.last, report.lost, report.repaired, faults));
  }
  for (const LogFault& fault : report.faults) {
    if (!print_text(stdout, line_of(fault))) return false;
  }
  std::string line = fmt::format("{}: {} entries, {} segments, {:.1f} MB: ", dir, report.entries,
                                 report.segments, static_cast<double>(report.bytes) / 1e6);
  line += report.faults.empty() ? std::string("every checksum holds")
                                : fmt::format("{} faults", report.faults.size());
  if (report.lost > 0) line += fmt::format("; {} entries are lost, and declared", report.lost);
  if (report.repaired > 0) line += fmt::format("; {} segments were repaired", report.repaired);
  return print_text(stdout, line + "\n");
}

// A server seals and drops files while they are read: then what looks wrong is looked at
// again, as often as they change, within reason.
Result<CheckReport> check_as_it_is(const std::string& dir, const OnProgress& on_progress) {
  constexpr int kLooks = 5;
  for (int look = 1;; ++look) {
    const std::string before = listing_of(dir);
    auto report = check_log(real_files(), dir, on_progress);
    const bool fine = report.ok() && report->faults.empty();
    if (fine || look == kLooks || listing_of(dir) == before) return report;
  }
}

}  // namespace

int trace_verify(const TraceArguments& arguments) {
  if (Status found = find_log(arguments.dir); !found.ok()) return refused(found.message());
  ProgressLine progress("verify", arguments.progress);
  const auto report = check_as_it_is(arguments.dir, shown_by(progress));
  if (!report.ok()) return refused(report.status().message());
  print_report(*report, arguments.dir, arguments.json);
  if (!report->faults.empty() && is_written_to(arguments.dir))
    remark(
        "a server writes to this log: its last lines may only look torn until it "
        "stops");
  return report->faults.empty() ? 0 : 1;
}

int trace_repair(const TraceArguments& arguments) {
  if (Status found = find_log(arguments.dir); !found.ok()) return refused(found.message());
  ProgressLine progress("repair", arguments.progress);
  const auto done =
      repair_log(real_files(), arguments.dir, stderr_log(Log::Level::error), shown_by(progress));
  if (!done.ok()) return refused(done.status().message());
  for (const std::string& sentence : *done) print_text(stdout, sentence + "\n");
  const auto report = check_log(real_files(), arguments.dir, {});
  if (!report.ok()) return refused(report.status().message());
  if (report->faults.empty()) {
    if (done->empty()) print_text(stdout, "nothing to mend\n");
    return 0;
  }
  for (const LogFault& fault : report->faults) print_text(stdout, line_of(fault));
  return failed(fmt::format("{} faults remain that cannot be mended", report->faults.size()));
}

int trace_reindex(const TraceArguments& arguments) {
  const auto log = DirectoryLog::open(arguments.dir);
  if (!log.ok()) return refused(log.status().message());
  ProgressLine progress("reindex", arguments.progress);
  const auto index = OfflineIndex::open(
      {.dir = arguments.dir,
       .rebuild = true,
       .on_progress = [&progress](Sequence done,
                                  Sequence last) { progress.update(done, last, 0); }},
      **log, (*log)->epoch(), stderr_log(Log::Level::error));
  if (!index.ok()) return refused(index.status().message());
  print_text(stdout, fmt::format("{}/trace.db: indexed through {}\n", arguments.dir,
                                 encode_event_id((*log)->epoch(), (*log)->last())));
  return 0;
}

}  // namespace devs
