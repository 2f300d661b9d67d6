#pragma once

#include <memory>

#include "orchestrator/export/trace_exporter.h"

// One function per format, for make_exporter() alone.
namespace devs {

// The bodies, verbatim, a line each: what `trace.log` holds.  A gap cannot be said in
// it without inventing a line; whoever exports says it beside the file.
std::unique_ptr<TraceExporter> make_ndjson_exporter();
// {"format":"mcp-orchestrator-export/1",...,"entries":[{"id","envelope"}],"gaps":[...]}
std::unique_ptr<TraceExporter> make_json_exporter(ExportOptions options);
// OTLP/JSON, one `resourceSpans` (SAOP 11).
std::unique_ptr<TraceExporter> make_otlp_exporter(ExportOptions options);
// Chrome trace-event JSON, as Perfetto and chrome://tracing open it.
std::unique_ptr<TraceExporter> make_chrome_exporter(ExportOptions options);

}  // namespace devs
