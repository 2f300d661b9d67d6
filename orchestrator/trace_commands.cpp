#include "orchestrator/trace_commands.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <utility>

namespace devs {

TraceCommands::TraceCommands(CLI::App& trace, std::string default_url, std::string token)
    : default_url_(std::move(default_url)) {
  arguments_.token = std::move(token);
  trace.require_subcommand(1);
  trace.footer("Every command explains itself: mcp-orchestrator trace export --help");

  CLI::App* tail =
      add(trace, "tail", "Print envelopes as they come, one per line",
          "  mcp-orchestrator trace tail\n"
          "  mcp-orchestrator trace tail --tool files__read_file --min-duration-ms 500\n"
          "  mcp-orchestrator trace tail --from earliest | jq .payload\n"
          "  mcp-orchestrator trace tail --dir .devs      the last ten, without a server",
          &trace_tail);
  CLI::Option* server =
      tail->add_option("--url", arguments_.url, "The running server")->default_str(default_url_);
  tail->add_option_function<std::string>(
          "--dir",
          [this](const std::string& dir) {
            arguments_.dir = dir;
            tails_dir_ = true;
          },
          "Directory of a flight log: its last entries, and what is added while a server writes")
      ->excludes(server);
  tail->add_option("--from", arguments_.from, "Event id to continue after, or `earliest`");
  add_filters(*tail);

  CLI::App* replay = add(trace, "replay", "Print what happened again, in its own time",
                         "  mcp-orchestrator trace replay --speed 10\n"
                         "  mcp-orchestrator trace replay --from 2026-11-21T08:00:00Z --to "
                         "2026-11-21T09:00:00Z\n"
                         "  mcp-orchestrator trace replay --url http://127.0.0.1:3100 --speed max",
                         &trace_replay);
  add_dir(*replay);
  add_url(*replay, "Let this running server replay, instead of reading the directory");
  replay->add_option("--speed", arguments_.speed, "1, 10 or max")
      ->check(CLI::IsMember({"1", "10", "max"}));
  add_range(*replay);
  add_filters(*replay);

  CLI::App* show = add(trace, "show", "Print one envelope, and the other end of its call",
                       "  mcp-orchestrator trace show 5f3a9c01d2-184\n"
                       "  mcp-orchestrator trace show 5f3a9c01d2-184 --json | jq .stdout",
                       &trace_show);
  add_dir(*show);
  add_url(*show, "Ask this running server, instead of the directory");
  show->add_option("id", arguments_.id, "Event id")->required();
  show->add_flag("--json", arguments_.json, "The envelope alone, as it is stored");

  CLI::App* query =
      add(trace, "query", "Find envelopes",
          "  mcp-orchestrator trace query --status TOOL_ERROR,TIMEOUT_EXCEEDED\n"
          "  mcp-orchestrator trace query --q 'disk full' --newest --limit 20\n"
          "  mcp-orchestrator trace query --agent dev-1 --json | jq -r '.envelopes[].id'",
          &trace_query);
  CLI::App* stats =
      add(trace, "stats", "Count calls, errors and durations",
          "  mcp-orchestrator trace stats\n"
          "  mcp-orchestrator trace stats --group-by agent --from 2026-11-21T08:00:00Z\n"
          "  mcp-orchestrator trace stats --json",
          &trace_stats);
  for (CLI::App* asks : {query, stats}) {
    add_dir(*asks);
    add_url(*asks, "Ask this running server, instead of the directory");
    add_filters(*asks);
    asks->add_option_function<std::string>(
        "--q", [this](const std::string& text) { arguments_.filter["q"] = text; },
        "Words that occur in the envelope");
    add_range(*asks);
    add_progress(*asks);
    asks->add_flag("--json", arguments_.json, "The answer as JSON");
  }
  query->add_option("--limit", arguments_.limit, "At most so many (default 100, at most 1000)");
  query->add_flag_callback(
      "--newest", [this] { arguments_.order = "desc"; }, "Newest first");
  stats->add_option("--group-by", arguments_.group_by, "tool, agent, session, status or type")
      ->check(CLI::IsMember({"tool", "agent", "session", "status", "type"}));

  CLI::App* verify = add(trace, "verify", "Prove every checksum of the log",
                         "  mcp-orchestrator trace verify\n"
                         "  mcp-orchestrator trace verify --dir /backup/.devs --json\n"
                         "Exit code 0: everything holds. 1: faults, each on a line of stdout.\n"
                         "2: the directory cannot be read.",
                         &trace_verify);
  verify->add_flag("--json", arguments_.json, "The report as JSON");
  CLI::App* repair =
      add(trace, "repair", "Mend what can be mended; needs the server stopped",
          "  mcp-orchestrator trace verify || mcp-orchestrator trace repair", &trace_repair);
  CLI::App* reindex = add(trace, "reindex", "Build trace.db anew; needs the server stopped",
                          "  mcp-orchestrator trace reindex --progress", &trace_reindex);
  CLI::App* exported =
      add(trace, "export", "Write the log in a form other programs read",
          "  mcp-orchestrator trace export > trace.ndjson\n"
          "  mcp-orchestrator trace export --format chrome --out trace.json   open it "
          "in ui.perfetto.dev\n"
          "  mcp-orchestrator trace export --format otlp --tool echo --out spans.json\n"
          "  mcp-orchestrator trace export --format json --from 2026-11-21T08:00:00Z",
          &trace_export);
  exported->add_option("--format", arguments_.format, "ndjson (default), json, otlp or chrome")
      ->check(CLI::IsMember({"ndjson", "json", "otlp", "chrome"}));
  exported->add_option("--out", arguments_.out, "File to write; without it: stdout");
  exported->add_flag("--content", arguments_.content,
                     "otlp, chrome: also thoughts, arguments and results");
  add_range(*exported);
  add_filters(*exported);
  for (CLI::App* reads : {verify, repair, reindex, exported}) {
    add_dir(*reads);
    add_progress(*reads);
  }
}

int TraceCommands::run() {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is seen where we write
  if (chosen_ == &trace_tail && arguments_.url.empty() && !tails_dir_)
    arguments_.url = default_url_;
  return chosen_(arguments_);
}

CLI::App* TraceCommands::add(CLI::App& trace, const char* name, const char* what,
                             const char* examples, Command command) {
  CLI::App* added = trace.add_subcommand(name, what);
  added->footer(std::string("Examples:\n") + examples);
  added->callback([this, command] { chosen_ = command; });
  return added;
}

void TraceCommands::add_dir(CLI::App& command) {
  command.add_option("--dir", arguments_.dir, "Directory of the flight log (default .devs)");
}

void TraceCommands::add_url(CLI::App& command, const char* help) {
  command.add_option("--url", arguments_.url, help);
}

void TraceCommands::add_filters(CLI::App& command) {
  const auto filter = [this, &command](const char* option, const char* name, const char* help) {
    command.add_option_function<std::string>(
        option, [this, name](const std::string& text) { arguments_.filter[name] = text; }, help);
  };
  filter("--type", "type", "thought, action, observation, ...; a list: a,b");
  filter("--tool", "tool", "Tools by name; a list");
  filter("--agent", "agent", "Agents by id; a list");
  filter("--session", "session", "Sessions by id; a list");
  filter("--task", "task", "Tasks by id; a list");
  filter("--status", "status", "SUCCESS, TOOL_ERROR, TIMEOUT_EXCEEDED, ...; a list");
  filter("--min-duration-ms", "min_duration_ms", "Observations that took at least so long");
}

void TraceCommands::add_range(CLI::App& command) {
  command.add_option("--from", arguments_.from, "First entry: event id, or time in UTC");
  command.add_option("--to", arguments_.to, "Last entry: event id, or time in UTC");
}

void TraceCommands::add_progress(CLI::App& command) {
  command.add_flag("--progress", arguments_.progress,
                   "Say how far it is on stderr, also when that is no terminal");
}

}  // namespace devs
