#pragma once

#include <optional>
#include <string_view>

namespace devs {

// The revisions of MCP this house speaks, oldest first, so `<` means older.
enum class McpRevision { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25 };

inline constexpr McpRevision kLatestLegacy = McpRevision::v2025_11_25;

std::string_view name_of(McpRevision revision);  // "2025-11-25"
std::optional<McpRevision> revision_of(std::string_view name);

// `initialize` with a revision we know gets it, any other string gets the
// latest legacy one (MCP, lifecycle: version negotiation).
McpRevision negotiate(std::string_view requested);

// What a revision brought.  Everything else about versions follows from these.
bool has_batches(McpRevision revision);            // 2025-03-26 alone
bool has_annotations(McpRevision revision);        // from 2025-03-26, audio too
bool has_structured_output(McpRevision revision);  // from 2025-06-18; title, resource_link
bool has_icons(McpRevision revision);              // from 2025-11-25; execution, priming

}  // namespace devs
