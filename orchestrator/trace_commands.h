#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orchestrator/trace_arguments.h"

namespace CLI {
class App;
}

namespace devs {

// `mcp-orchestrator trace ...`: adds the commands to `trace` and runs the one that was
// typed.  Each works on the directory of a server, running or not, and those that
// follow or ask also on a running server (--url).
//
// Exit codes: 0 done; 1 it was looked at and the answer is bad (faults in the log, no
// such entry, the server refused); 2 it could not begin (an option, a directory, a
// lock), with one line on stderr that names the way out.
class TraceCommands {
 public:
  TraceCommands(CLI::App& trace, std::string default_url, std::string token);

  // REQUIRES: one of the commands was parsed.
  int run();

 private:
  using Command = int (*)(const TraceArguments&);

  CLI::App* add(CLI::App& trace, const char* name, const char* what, const char* examples,
                Command command);
  void add_dir(CLI::App& command);
  void add_url(CLI::App& command, const char* help);
  void add_filters(CLI::App& command);
  void add_range(CLI::App& command);
  void add_progress(CLI::App& command);

  const std::string default_url_;  // for what needs a server
  TraceArguments arguments_;
  bool tails_dir_ = false;  // `tail` was given a directory, not a server
  Command chosen_ = nullptr;
};

// --- the commands ---

int trace_tail(const TraceArguments& arguments);
int trace_replay(const TraceArguments& arguments);
int trace_show(const TraceArguments& arguments);
int trace_query(const TraceArguments& arguments);
int trace_stats(const TraceArguments& arguments);
int trace_verify(const TraceArguments& arguments);
int trace_repair(const TraceArguments& arguments);
int trace_reindex(const TraceArguments& arguments);
int trace_export(const TraceArguments& arguments);

}  // namespace devs
