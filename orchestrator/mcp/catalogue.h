#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "orchestrator/calls/tool_registry.h"
#include "orchestrator/mcp/list_cursor.h"
#include "protocol/mcp_version.h"
#include "protocol/result.h"
#include "trace/clock.h"
#include "trace/mutex.h"

namespace devs {

// Lists and their cursors.
//
// A list is read from one snapshot from its first page to its last: a cursor names
// the snapshot and the place (ListCursors).  A snapshot is kept kCursorLife after a cursor to it
// was given, and at most kMaxSnapshots are; a cursor to one that is gone is invalid.
//
// Thread-safe.
class Catalogue {
 public:
  static constexpr std::chrono::seconds kCursorLife{60};
  static constexpr std::size_t kMaxSnapshots = 16;

  Catalogue(ToolRegistry& tools, std::size_t page_size);

  // A ListToolsResult.  `cursor` null: the first page.  Fails with
  // invalid_argument for a cursor we did not give to this principal, or no more.
  Result<std::string> tools_page(std::string_view principal, const std::string* cursor,
                                 McpRevision revision, TimePoint now) DEVS_EXCLUDES(mutex_);
  std::uint64_t generation() const { return tools_.snapshot()->generation(); }

 private:
  struct Held {
    ToolSetPtr tools;
    TimePoint until;
  };

  void hold(const ToolSetPtr& tools, TimePoint now) DEVS_EXCLUDES(mutex_);
  ToolSetPtr held(std::uint64_t generation, TimePoint now) DEVS_EXCLUDES(mutex_);

  ToolRegistry& tools_;
  const std::size_t page_size_;
  const ListCursors cursors_;

  mutable Mutex mutex_;
  std::deque<Held> held_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
