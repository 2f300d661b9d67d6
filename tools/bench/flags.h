#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "protocol/status.h"

namespace devs {

// `--name value` pairs of a command line, read once at the start of main.
//
// The first mistake stays in status(), which is asked after everything was read.
class Flags {
 public:
  Flags(int argc, char** argv, std::initializer_list<const char*> known);

  std::string text(const std::string& name, const std::string& otherwise = {});
  double number(const std::string& name, double otherwise, double least);
  int whole(const std::string& name, int otherwise, int least = 0);
  std::vector<int> pids(const std::string& name);  // "12,13"

  const Status& status() const { return status_; }

 private:
  void mistake(const std::string& what);

  std::map<std::string, std::string> values_;
  Status status_;
};

}  // namespace devs
