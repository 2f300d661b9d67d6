#include <utility>

#include "orchestrator/export/exporters.h"
#include "protocol/envelope_writer.h"

namespace devs {
namespace {

// A log that is mostly holes is described by its first ones and a count.
constexpr std::size_t kMaxListedGaps = 10'000;

class JsonExporter final : public TraceExporter {
 public:
  explicit JsonExporter(ExportOptions options) : options_(std::move(options)) {}

  void begin(std::string& out) override {
    MemberWriter(out)
        .text("format", "mcp-orchestrator-export/1")
        .text("exported_at", options_.exported_at)
        .text("filter", options_.filter)
        .begin("entries");
    out += "[\n";
  }

  void entry(const StoredLine& line, bool matches, std::string& out) override {
    if (!matches) return;
    if (first_ != 0) out += ",\n";
    if (first_ == 0) first_ = line.sequence;
    last_ = line.sequence;
    MemberWriter pair(out);
    pair.text("id", id_of(line.sequence)).json("envelope", line.body).end();
  }

  // Gaps follow the entries: they are known only when everything was read.
  void gap(const Loss& loss, std::string&) override {
    if (listed_ == kMaxListedGaps) {
      ++unlisted_;
      return;
    }
    if (listed_++ != 0) gaps_ += ',';
    MemberWriter gap(gaps_);
    gap.text("from", id_of(loss.from))
        .text("to", id_of(loss.through))
        .number("count", loss.through - loss.from + 1)
        .text("reason", name_of(loss.reason))
        .end();
  }

  void end(std::string& out) override {
    out.append("\n],\"gaps\":[").append(gaps_).append("],\"gaps_not_listed\":");
    out.append(std::to_string(unlisted_)).append(",\"from\":");
    out.append(first_ == 0 ? "null" : json_string(id_of(first_))).append(",\"to\":");
    out.append(first_ == 0 ? "null" : json_string(id_of(last_))).append("}\n");
  }

 private:
  std::string id_of(Sequence sequence) const { return encode_event_id(options_.epoch, sequence); }

  const ExportOptions options_;
  Sequence first_ = 0, last_ = 0;
  std::string gaps_;  // their JSON
  std::size_t listed_ = 0, unlisted_ = 0;
};

}  // namespace

std::unique_ptr<TraceExporter> make_json_exporter(ExportOptions options) {
  return std::make_unique<JsonExporter>(std::move(options));
}

}  // namespace devs
