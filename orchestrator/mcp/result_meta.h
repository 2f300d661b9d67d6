#pragma once

#include <string>
#include <string_view>

namespace devs {

// `object` (a JSON object as compact text) with `key` in its `_meta`, instead of what was
// there under it.  Everything else stays byte for byte.
std::string with_meta(std::string object, std::string_view key, std::string_view value);

// `result` (a JSON object as compact text) with `receipt` as its
// `_meta["devs.saop/receipt"]`.  A receipt that somebody behind us put there is replaced,
// because only ours is true.
// Nothing happens when `receipt` is empty or `result` is no object.
std::string with_receipt(std::string result, std::string_view receipt);

}  // namespace devs
