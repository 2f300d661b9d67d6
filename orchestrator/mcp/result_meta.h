#pragma once

#include <string>
#include <string_view>

namespace devs {

// `result` (a JSON object as compact text) with `receipt` as its
// `_meta["devs.saop/receipt"]`.  Everything else stays byte for byte; a receipt
// that somebody behind us put there is replaced, because only ours is true.
// Nothing happens when `receipt` is empty or `result` is no object.
std::string with_receipt(std::string result, std::string_view receipt);

}  // namespace devs
