#include "tools/bench/flags.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace devs {

Flags::Flags(int argc, char** argv, std::initializer_list<const char*> known) {
  for (int at = 1; at < argc; at += 2) {
    const std::string_view word = argv[at];
    const std::string name(word.substr(std::min<std::size_t>(2, word.size())));
    if (!word.starts_with("--") || std::find(known.begin(), known.end(), name) == known.end()) {
      mistake("unknown option " + std::string(word));
    } else if (at + 1 == argc) {
      mistake("--" + name + " needs a value");
    } else {
      values_[name] = argv[at + 1];
    }
  }
}

void Flags::mistake(const std::string& what) {
  if (status_.ok()) status_ = Status(Code::invalid_argument, what);
}

std::string Flags::text(const std::string& name, const std::string& otherwise) {
  const auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}

double Flags::number(const std::string& name, double otherwise, double least) {
  const auto found = values_.find(name);
  if (found == values_.end()) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(found->second.c_str(), &end);
  if (end == found->second.c_str() || *end != '\0' || !(value >= least && value <= 1e9)) {
    mistake("--" + name + " must be a number from " + std::to_string(least) + " upwards");
    return otherwise;
  }
  return value;
}

int Flags::whole(const std::string& name, int otherwise, int least) {
  return static_cast<int>(number(name, otherwise, least));
}

std::vector<int> Flags::pids(const std::string& name) {
  std::vector<int> pids;
  const std::string all = text(name);
  for (const char* at = all.c_str(); *at != '\0';) {
    char* end = nullptr;
    const long pid = std::strtol(at, &end, 10);
    if (end == at || pid <= 0) {
      mistake("--" + name + " must be process ids, separated by commas");
      break;
    }
    pids.push_back(static_cast<int>(pid));
    at = *end == ',' ? end + 1 : end;
  }
  return pids;
}

}  // namespace devs
