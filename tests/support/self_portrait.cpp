#include "tests/support/self_portrait.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "protocol/json.h"

extern char** environ;

namespace devs {
namespace {

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    append_json_string(out, text);
  }
  return out + "]";
}

std::string descriptors() {
  std::vector<std::string> open;
  DIR* dir = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(dir))
    if (entry->d_name[0] != '.' && std::atoi(entry->d_name) != ::dirfd(dir))
      open.emplace_back(entry->d_name);
  ::closedir(dir);
  std::sort(open.begin(), open.end());
  return quoted_list(open);
}

std::string status_line(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name)) return line.substr(line.find_last_of('\t') + 1);
  return {};
}

}  // namespace

std::string self_portrait(const std::vector<std::string>& argv) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    environment.emplace_back(*variable);
  rlimit files{}, core{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_CORE, &core);
  std::array<char, 4096> cwd{};
  static_cast<void>(::getcwd(cwd.data(), cwd.size()) == nullptr);
  return R"({"env":)" + quoted_list(environment) + R"(,"fds":)" + descriptors() + R"(,"argv":)" +
         quoted_list(argv) + R"(,"blocked":)" + json_string(status_line("SigBlk:")) +
         R"(,"ignored":)" + json_string(status_line("SigIgn:")) + R"(,"cwd":)" +
         json_string(cwd.data()) + R"(,"leads_group":)" +
         (::getpgrp() == ::getpid() ? "true" : "false") + R"(,"files":)" +
         std::to_string(files.rlim_max) + R"(,"core":)" + std::to_string(core.rlim_max) +
         R"(,"pid":)" + std::to_string(::getpid()) + "}";
}

}  // namespace devs
