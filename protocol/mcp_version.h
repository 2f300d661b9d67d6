#pragma once

#include <optional>
#include <string_view>

namespace devs {

// The revisions of MCP this house speaks, oldest first, so `<` means older.
//
// Those up to v2025_11_25 are the legacy era (handshake, sessions, requests from
// server to client); from v2026_07_28 on a request stands alone.
enum class McpRevision { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28 };

inline constexpr McpRevision kLatestLegacy = McpRevision::v2025_11_25;
inline constexpr McpRevision kLatestModern = McpRevision::v2026_07_28;

constexpr bool is_modern(McpRevision revision) {
  return revision > kLatestLegacy;
}

std::string_view name_of(McpRevision revision);  // "2025-11-25"
std::optional<McpRevision> revision_of(std::string_view name);
// The same, of one era only.
std::optional<McpRevision> legacy_revision_of(std::string_view name);
std::optional<McpRevision> modern_revision_of(std::string_view name);
// `["2026-07-28"]`: what discover lists and -32022 names.
std::string_view modern_revisions();

// `initialize` with a legacy revision we know gets it, any other string gets the
// latest legacy one (MCP, lifecycle: version negotiation).
McpRevision negotiate(std::string_view requested);

// What a revision brought.  Everything else about versions follows from these.
bool has_batches(McpRevision revision);            // 2025-03-26 alone
bool has_annotations(McpRevision revision);        // from 2025-03-26, audio too
bool has_structured_output(McpRevision revision);  // from 2025-06-18; title, resource_link
bool has_elicitation(McpRevision revision);        // from 2025-06-18, form
bool has_icons(McpRevision revision);              // from 2025-11-25; execution, priming
bool has_core_tasks(McpRevision revision);         // 2025-11-25 alone; an extension after it

}  // namespace devs
