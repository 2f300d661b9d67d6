#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "protocol/json.h"

namespace devs {

// Whether a view and the reference library's tree of one text tell the same
// story: same kinds, members, order of elements and values.
inline bool same_value(JsonView view, const nlohmann::json& tree) {
  switch (tree.type()) {
    case nlohmann::json::value_t::object: {
      bool same = view.is_object() && view.size() == tree.size();
      for (const auto& [name, value] : tree.items()) {
        same = same && same_value(view[name], value);
      }
      return same;
    }
    case nlohmann::json::value_t::array: {
      std::size_t at = 0;
      bool same = view.is_array() && view.size() == tree.size();
      view.each_element(
          [&](JsonView element) { same = same && same_value(element, tree.at(at++)); });
      return same;
    }
    case nlohmann::json::value_t::string:
      return view.string() == tree.get<std::string>() && view.is(tree.get<std::string>());
    case nlohmann::json::value_t::boolean:
      return view.boolean() == tree.get<bool>();
    case nlohmann::json::value_t::null:
      return view.kind() == JsonView::Kind::null;
    default:
      return view.number() == tree.get<double>();
  }
}

}  // namespace devs
