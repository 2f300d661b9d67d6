#include "orchestrator/net/request_head.h"

#include <algorithm>

namespace devs {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string* value_of(const Pairs& pairs, std::string_view name) {
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [name](const auto& pair) { return pair.first == name; });
  return found == pairs.end() ? nullptr : &found->second;
}

}  // namespace

std::string_view RequestHead::field(std::string_view name) const {
  const std::string* value = value_of(fields, name);
  return value ? std::string_view(*value) : std::string_view();
}

std::size_t RequestHead::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [name](const auto& field) { return field.first == name; }));
}

const std::string* RequestHead::query_param(std::string_view name) const {
  return value_of(query_params, name);
}

const std::string* RequestHead::param(std::string_view name) const {
  return value_of(params, name);
}

}  // namespace devs
