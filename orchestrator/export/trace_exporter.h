#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/ids.h"
#include "trace/stored_log.h"

namespace devs {

// The forms in which the log leaves the house (docs/trace-cli.md).
enum class ExportFormat { ndjson, json, otlp, chrome };
std::optional<ExportFormat> export_format_of(std::string_view name);
std::string_view name_of(ExportFormat format);

struct ExportOptions {
  Epoch epoch;
  std::string version;      // of the program that exports
  std::string exported_at;  // ISO time
  std::string filter;       // as it was asked for; empty: everything
  // OTLP and Chrome only: also what was thought, asked and answered, not just when,
  // how long and how it ended.  NDJSON and JSON are the envelopes themselves.
  bool content = false;
};

// What could not be said in the format asked for, and is counted instead.
struct ExportOmissions {
  std::uint64_t unfinished_calls = 0;  // OTLP has no span without an end
  std::uint64_t other_entries = 0;     // of a type the format has no place for
};

// Turns the log, entry by entry, into the text of one file.  Pure: whoever calls it
// reads the log and writes the file.  Memory does not grow with the log: calls that
// wait for their end are bounded (open_calls.h), whatever the log holds.
//
// Used once: begin(), then entries and gaps in the order of the log, but gaps before the
// first entry behind it, so that there is a time; then end().  Each appends to `out`; the pieces in
// that order are the file.
class TraceExporter {
 public:
  virtual ~TraceExporter() = default;
  virtual void begin(std::string& out) = 0;
  // REQUIRES: line.body is one JSON object, compact (NDJSON: anything).  `matches`:
  // the filter lets it through.  A call is exported when either of its two ends
  // matches; so an exporter also sees what does not.
  virtual void entry(const StoredLine& line, bool matches, std::string& out) = 0;
  // Entries that cannot be had; said in the file as the format allows.
  virtual void gap(const Loss& loss, std::string& out) = 0;
  virtual void end(std::string& out) = 0;
  virtual ExportOmissions omissions() const { return {}; }
};

std::unique_ptr<TraceExporter> make_exporter(ExportFormat format, ExportOptions options);

}  // namespace devs
