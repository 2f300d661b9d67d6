#include "protocol/mcp_version.h"

#include <array>
#include <utility>

namespace devs {
namespace {

constexpr std::array<std::pair<McpRevision, std::string_view>, 5> kNames{{
    {McpRevision::v2024_11_05, "2024-11-05"},
    {McpRevision::v2025_03_26, "2025-03-26"},
    {McpRevision::v2025_06_18, "2025-06-18"},
    {McpRevision::v2025_11_25, "2025-11-25"},
    {McpRevision::v2026_07_28, "2026-07-28"},
}};

}  // namespace

std::string_view name_of(McpRevision revision) {
  for (const auto& [known, name] : kNames) {
    if (known == revision) return name;
  }
  return "unknown";
}

std::optional<McpRevision> revision_of(std::string_view name) {
  for (const auto& [revision, known] : kNames) {
    if (known == name) return revision;
  }
  return std::nullopt;
}

std::optional<McpRevision> legacy_revision_of(std::string_view name) {
  const auto revision = revision_of(name);
  return revision && !is_modern(*revision) ? revision : std::nullopt;
}

std::optional<McpRevision> modern_revision_of(std::string_view name) {
  const auto revision = revision_of(name);
  return revision && is_modern(*revision) ? revision : std::nullopt;
}

std::string_view modern_revisions() {
  return R"(["2026-07-28"])";
}

McpRevision negotiate(std::string_view requested) {
  return legacy_revision_of(requested).value_or(kLatestLegacy);
}

bool has_batches(McpRevision revision) {
  return revision == McpRevision::v2025_03_26;
}
bool has_annotations(McpRevision revision) {
  return revision >= McpRevision::v2025_03_26;
}
bool has_structured_output(McpRevision revision) {
  return revision >= McpRevision::v2025_06_18;
}
bool has_elicitation(McpRevision revision) {
  return revision >= McpRevision::v2025_06_18;
}
bool has_icons(McpRevision revision) {
  return revision >= McpRevision::v2025_11_25;
}
bool has_core_tasks(McpRevision revision) {
  return revision == McpRevision::v2025_11_25;
}

}  // namespace devs
