#include "orchestrator/export/exporters.h"

namespace devs {
namespace {

class NdjsonExporter final : public TraceExporter {
 public:
  void begin(std::string&) override {}
  void entry(const StoredLine& line, bool matches, std::string& out) override {
    if (matches) out.append(line.body).append(1, '\n');
  }
  void gap(const Loss&, std::string&) override {}
  void end(std::string&) override {}
};

}  // namespace

std::unique_ptr<TraceExporter> make_ndjson_exporter() {
  return std::make_unique<NdjsonExporter>();
}

}  // namespace devs
