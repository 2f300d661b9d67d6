#pragma once

#include <string>
#include <vector>

namespace devs {

// What a process inherited, as it sees it: environment, descriptors, signals, limits,
// directory, group.  A JSON object.
std::string self_portrait(const std::vector<std::string>& argv);

}  // namespace devs
