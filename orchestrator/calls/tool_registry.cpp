#include "orchestrator/calls/tool_registry.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "protocol/limits.h"

namespace devs {
namespace {

RegisteredTool compiled(ToolPtr tool) {
  auto schema = ArgumentSchema::compile(tool->spec().input_schema);
  return {std::move(tool), std::move(schema)};
}

}  // namespace

const RegisteredTool* ToolSet::find(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

ToolSetPtr ToolRegistry::snapshot() const {
  MutexLock lock(mutex_);
  return current_;
}

Status ToolRegistry::add(ToolPtr tool) {
  const std::string& name = tool->spec().name;
  if (name.empty() || name.size() > kMaxToolNameBytes)
    return Status(Code::invalid_argument, "a tool name has 1 to 128 bytes: '" + name + "'");
  RegisteredTool row = compiled(tool);

  MutexLock alone(building_);
  auto next = std::make_shared<ToolSet>(*snapshot());
  if (!next->by_name_.emplace(name, std::move(row)).second)
    return Status(Code::invalid_argument, "a tool named '" + name + "' is registered already");
  swap_in(std::move(next));
  return {};
}

std::vector<std::string> ToolRegistry::replace(std::string_view server,
                                               std::vector<ToolPtr> tools) {
  std::vector<std::pair<std::string, RegisteredTool>> rows;  // compiled before the lock
  rows.reserve(tools.size());
  for (ToolPtr& tool : tools) {
    std::string name = tool->spec().name;
    rows.emplace_back(std::move(name), compiled(std::move(tool)));
  }

  std::vector<std::string> left_out;
  MutexLock alone(building_);
  auto next = std::make_shared<ToolSet>(*snapshot());
  std::erase_if(next->by_name_,
                [&](const auto& row) { return row.second.tool->spec().server == server; });
  for (auto& [name, row] : rows) {
    if (name.empty() || name.size() > kMaxToolNameBytes ||
        !next->by_name_.emplace(name, std::move(row)).second)
      left_out.push_back(name);
  }
  swap_in(std::move(next));
  return left_out;
}

void ToolRegistry::attach(Bell& bell) {
  MutexLock alone(building_);
  bells_.push_back(&bell);
}

void ToolRegistry::swap_in(std::shared_ptr<ToolSet> next) {
  next->listed_.clear();
  for (const auto& [name, row] : next->by_name_) next->listed_.push_back(&row.tool->spec());
  std::stable_sort(
      next->listed_.begin(), next->listed_.end(), [](const ToolSpec* a, const ToolSpec* b) {
        const auto key = [](const ToolSpec* tool) {
          return std::make_tuple(tool->server != "builtin", std::string_view(tool->server),
                                 std::string_view(tool->name));
        };
        return key(a) < key(b);
      });
  ToolSetPtr before = snapshot();  // may die here, outside the lock
  next->generation_ = before->generation() + 1;
  {
    MutexLock lock(mutex_);
    current_ = std::move(next);
  }
  for (Bell* bell : bells_) bell->ring();
}

}  // namespace devs
