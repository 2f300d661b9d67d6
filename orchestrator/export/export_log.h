#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>

#include "orchestrator/export/trace_exporter.h"
#include "protocol/envelope.h"
#include "protocol/result.h"
#include "trace/stored_log.h"

namespace devs {

struct ExportProgress {
  Sequence done = 0, total = 0;  // entries of the range, matching or not
  std::uint64_t bytes = 0;       // of envelopes read
};

// What to export of a log, and where to.
struct ExportJob {
  ExportFormat format = ExportFormat::ndjson;
  ExportOptions options;
  Sequence from = 1, through = std::numeric_limits<Sequence>::max();
  std::function<bool(const EnvelopeFacts&)> matches = {};  // null: everything
  // The file, piece by piece; false ends the export (nobody reads any more).
  std::function<bool(std::string_view)> write = {};
  std::function<void(const Loss&)> on_gap = {};                 // null: not wanted
  std::function<void(const ExportProgress&)> on_progress = {};  // null: not wanted
};

struct ExportReport {
  std::uint64_t entries = 0;  // that match
  std::uint64_t gaps = 0, lost = 0;
  std::uint64_t read_bytes = 0, written_bytes = 0;
  ExportOmissions omissions;
};

// Reads the entries of the job once, in order, in the memory of some reads; entries
// appended meanwhile are not part of it.  A line that is not JSON (a foreign hand was
// in the log) is a gap of its own, in every format but NDJSON.  Fails with cancelled
// when write() says so.
Result<ExportReport> export_log(const StoredLog& log, const ExportJob& job);

}  // namespace devs
