#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>

#include "orchestrator/export/export_log.h"
#include "orchestrator/orchestrator_server.h"
#include "orchestrator/terminal.h"
#include "orchestrator/trace_commands.h"
#include "protocol/wall_time.h"

namespace devs {
namespace {

std::string now_text() {
  return iso_of_ms(std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count());
}

// NDJSON has no place for a gap; beside a file a second one has.
Status write_gaps(const std::string& out, const std::string& gaps) {
  auto file = OutputFile::open(out + ".gaps.ndjson");
  if (!file.ok()) return file.status();
  file->write(gaps);
  return file->finish();
}

void tell(const ExportReport& report, const TraceArguments& arguments) {
  std::string line = fmt::format("{} entries, {:.1f} MB", report.entries,
                                 static_cast<double>(report.written_bytes) / 1e6);
  if (report.gaps > 0) line += fmt::format(", {} lost in {} gaps", report.lost, report.gaps);
  if (const auto calls = report.omissions.unfinished_calls; calls > 0)
    line += fmt::format(", {} unfinished calls{}", calls,
                        arguments.format == "otlp" ? " left out" : "");
  if (const auto others = report.omissions.other_entries; others > 0)
    line += fmt::format(", {} entries of other types left out", others);
  remark(line);
}

}  // namespace

int trace_export(const TraceArguments& arguments) {
  const auto filter = filter_of(arguments);
  if (!filter.ok()) return refused(filter.status().message());
  const auto log = DirectoryLog::open(arguments.dir);
  if (!log.ok()) return refused(log.status().message());
  const auto range = range_of(arguments, **log);
  if (!range.ok()) return refused(range.status().message());
  auto out = OutputFile::open(arguments.out);
  if (!out.ok()) return refused(out.status().message());

  const Epoch& epoch = (*log)->epoch();
  ProgressLine progress("export", arguments.progress);
  std::string gaps;
  ExportJob job;
  job.format = *export_format_of(arguments.format);
  job.options = {.epoch = epoch,
                 .version = std::string(kVersion),
                 .exported_at = now_text(),
                 .filter = filter_text(arguments),
                 .content = arguments.content};
  job.from = range->from;
  job.through = range->through;
  if (!arguments.filter.empty())
    job.matches = [&filter](const EnvelopeFacts& facts) { return matches(*filter, facts); };
  job.write = [&out](std::string_view bytes) { return out->write(bytes); };
  job.on_gap = [&](const Loss& gap) {
    const std::string from = encode_event_id(epoch, gap.from);
    const std::string to = encode_event_id(epoch, gap.through);
    remark(fmt::format("gap: {} to {} cannot be had ({})", from, to, name_of(gap.reason)));
    gaps += fmt::format(R"({{"from":"{}","to":"{}","count":{},"reason":"{}"}})"
                        "\n",
                        from, to, gap.through - gap.from + 1, name_of(gap.reason));
  };
  job.on_progress = [&progress](const ExportProgress& at) {
    progress.update(at.done, at.total, at.bytes);
  };
  const auto report = export_log(**log, job);
  if (out->gone()) return 0;
  const Status finished = out->finish();
  if (!finished.ok()) return refused(finished.message());
  if (!report.ok()) return refused(report.status().message());
  if (job.format == ExportFormat::ndjson && !arguments.out.empty() && !gaps.empty()) {
    if (const Status wrote = write_gaps(arguments.out, gaps); !wrote.ok())
      return refused(wrote.message());
  }
  if (!arguments.out.empty() || report->gaps > 0 || on_terminal(stderr)) tell(*report, arguments);
  return 0;
}

}  // namespace devs
