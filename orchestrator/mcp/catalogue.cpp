#include "orchestrator/mcp/catalogue.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/mcp.h"

namespace devs {
namespace {

constexpr std::string_view kList = "tools/list";

Status bad_cursor() {
  return Status(Code::invalid_argument, "Invalid cursor");
}

}  // namespace

Catalogue::Catalogue(ToolRegistry& tools, std::size_t page_size)
    : tools_(tools), page_size_(std::max<std::size_t>(page_size, 1)) {
}

Result<std::string> Catalogue::tools_page(std::string_view principal, const std::string* cursor,
                                          McpRevision revision, TimePoint now) {
  ToolSetPtr tools = tools_.snapshot();
  std::size_t offset = 0;
  if (cursor != nullptr) {
    auto place = cursors_.open(kList, principal, *cursor);
    if (!place.ok()) return place.status();
    offset = place->offset;
    if (place->generation != tools->generation()) tools = held(place->generation, now);
    if (!tools || offset >= tools->listed().size()) return bad_cursor();
  }
  const auto& listed = tools->listed();
  const std::size_t end = std::min(listed.size(), offset + page_size_);
  std::string next;
  if (end < listed.size()) {
    next = cursors_.seal(kList, principal, {.generation = tools->generation(), .offset = end});
    hold(tools, now);
  }
  if (offset == 0 && next.empty()) return encode_tools_page(listed, {}, revision);
  using Difference = std::vector<const ToolSpec*>::difference_type;
  const std::vector<const ToolSpec*> page(listed.begin() + static_cast<Difference>(offset),
                                          listed.begin() + static_cast<Difference>(end));
  return encode_tools_page(page, next, revision);
}

void Catalogue::hold(const ToolSetPtr& tools, TimePoint now) {
  MutexLock lock(mutex_);
  std::erase_if(held_, [&](const Held& held) { return held.until < now || held.tools == tools; });
  held_.push_back({.tools = tools, .until = now + kCursorLife});
  if (held_.size() > kMaxSnapshots) held_.pop_front();
}

ToolSetPtr Catalogue::held(std::uint64_t generation, TimePoint now) {
  MutexLock lock(mutex_);
  std::erase_if(held_, [now](const Held& held) { return held.until < now; });
  for (const Held& held : held_) {
    if (held.tools->generation() == generation) return held.tools;
  }
  return nullptr;
}

}  // namespace devs
