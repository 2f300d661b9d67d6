// What the fake upstream is told to be, by its flags.
#pragma once

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace devs {

struct FakeUpstreamSettings {
  std::vector<std::string> tools;  // --tools a,b: instead of all
  std::string revision = "2025-11-25";
  std::string line_end = "\n";  // --crlf
  std::string pid_file;         // --pids <file>: appends its own and its children's
  std::string alone_file;       // --alone <file>: says so in it when it is not
  int many = 0;                 // --many <count>: so many tools `tool_<n>`, 1000 a page
  int banner = 0;               // --banner <lines> of junk before anything else
  int exit_at_once = -1;        // --exit <code>
  bool pages = false;           // --pages: one tool a page
  bool tasks = false;           // --tasks: tools that are tasks only, instead of all
  bool stubborn = false;        // --stubborn: ignores EOF and SIGTERM
  bool silent = false;          // --silent: answers nothing, not even initialize
  bool refuse = false;          // --refuse: an error for initialize
  bool grandchild = false;      // --grandchild: own session, ignores TERM
};

// Unknown flags say nothing to it.
inline FakeUpstreamSettings fake_upstream_settings(const std::vector<std::string>& args) {
  FakeUpstreamSettings out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& flag = args[i];
    const std::string value = i + 1 < args.size() ? args[i + 1] : "";
    if (flag == "--tools") {
      std::istringstream names(value);
      for (std::string name; std::getline(names, name, ',');) out.tools.push_back(name);
    } else if (flag == "--many") {
      out.many = std::atoi(value.c_str());
    } else if (flag == "--revision") {
      out.revision = value;
    } else if (flag == "--pids") {
      out.pid_file = value;
    } else if (flag == "--alone") {
      out.alone_file = value;
    } else if (flag == "--banner") {
      out.banner = std::atoi(value.c_str());
    } else if (flag == "--exit") {
      out.exit_at_once = std::atoi(value.c_str());
    }
    out.pages = out.pages || flag == "--pages";
    out.tasks = out.tasks || flag == "--tasks";
    out.stubborn = out.stubborn || flag == "--stubborn";
    out.silent = out.silent || flag == "--silent";
    out.refuse = out.refuse || flag == "--refuse";
    out.grandchild = out.grandchild || flag == "--grandchild";
    if (flag == "--crlf") out.line_end = "\r\n";
  }
  return out;
}

}  // namespace devs
