#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/calls/argument_schema.h"
#include "orchestrator/calls/tool.h"
#include "protocol/result.h"
#include "trace/bell.h"
#include "trace/mutex.h"

namespace devs {

// One tool with its compiled schema.
struct RegisteredTool {
  ToolPtr tool;
  std::shared_ptr<const ArgumentSchema> schema;
};

// What can be called, as of one moment.  Immutable; swapped whole, so a list and
// the calls made from it agree.
class ToolSet {
 public:
  const RegisteredTool* find(std::string_view name) const;
  // Built-ins and host tools first, then by server, then by name, each by bytes.
  const std::vector<const ToolSpec*>& listed() const { return listed_; }
  std::uint64_t generation() const { return generation_; }

 private:
  friend class ToolRegistry;
  std::map<std::string, RegisteredTool, std::less<>> by_name_;
  std::vector<const ToolSpec*> listed_;
  std::uint64_t generation_ = 0;
};
using ToolSetPtr = std::shared_ptr<const ToolSet>;

// Name to tool.  Thread-safe.  A change is built beside what there is, one at a time, and
// swapped in: whoever looks meanwhile, the reactor above all, waits for a pointer alone.
class ToolRegistry {
 public:
  ToolSetPtr snapshot() const DEVS_EXCLUDES(mutex_);

  // Refuses a name that is taken, empty, or over 128 bytes.
  Status add(ToolPtr tool) DEVS_EXCLUDES(building_);
  // Replaces everything `server` offers; a name held by another server, or a
  // built-in, is left out and returned.  An empty list removes the server.
  std::vector<std::string> replace(std::string_view server, std::vector<ToolPtr> tools)
      DEVS_EXCLUDES(building_);

  // Rung after each change.  Before the first change; for the registry's life.
  void attach(Bell& bell) DEVS_EXCLUDES(building_);

 private:
  void swap_in(std::shared_ptr<ToolSet> next) DEVS_REQUIRES(building_);

  Mutex building_;  // taken first
  std::vector<Bell*> bells_ DEVS_GUARDED_BY(building_);
  mutable Mutex mutex_;
  ToolSetPtr current_ DEVS_GUARDED_BY(mutex_) = std::make_shared<const ToolSet>();
};

}  // namespace devs
