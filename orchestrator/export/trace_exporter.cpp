#include "orchestrator/export/trace_exporter.h"

#include <array>
#include <utility>

#include "orchestrator/export/exporters.h"

namespace devs {
namespace {

constexpr std::array<std::pair<std::string_view, ExportFormat>, 4> kFormats{{
    {"ndjson", ExportFormat::ndjson},
    {"json", ExportFormat::json},
    {"otlp", ExportFormat::otlp},
    {"chrome", ExportFormat::chrome},
}};

}  // namespace

std::optional<ExportFormat> export_format_of(std::string_view name) {
  for (const auto& [each, format] : kFormats)
    if (each == name) return format;
  return std::nullopt;
}

std::string_view name_of(ExportFormat format) {
  for (const auto& [name, each] : kFormats)
    if (each == format) return name;
  return "ndjson";
}

std::unique_ptr<TraceExporter> make_exporter(ExportFormat format, ExportOptions options) {
  switch (format) {
    case ExportFormat::ndjson:
      return make_ndjson_exporter();
    case ExportFormat::json:
      return make_json_exporter(std::move(options));
    case ExportFormat::otlp:
      return make_otlp_exporter(std::move(options));
    case ExportFormat::chrome:
      return make_chrome_exporter(std::move(options));
  }
  return nullptr;
}

}  // namespace devs
