// `trace tail`, `trace replay`: envelopes one per line, as they come or came.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/cli_http.h"
#include "orchestrator/terminal.h"
#include "orchestrator/trace_commands.h"
#include "protocol/envelope.h"
#include "protocol/sse_parser.h"

namespace devs {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;
using Steady = std::chrono::steady_clock;

void wait_until(Steady::time_point due) {
  const auto left = due - Steady::now();
  if (left <= Steady::duration::zero()) return;
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
  timespec wait{ns / 1'000'000'000, ns % 1'000'000'000};
  while (nanosleep(&wait, &wait) != 0 && errno == EINTR) {
  }
}

// Colours of the terminal, by type; a call that failed is red.
const char* colour_of(const EnvelopeFacts& facts) {
  if (facts.type == "observation" && !facts.status.empty() && facts.status != "SUCCESS")
    return "\x1b[31m";
  if (facts.type == "thought") return "\x1b[36m";
  if (facts.type == "action") return "\x1b[33m";
  if (facts.type == "observation") return "\x1b[32m";
  return "";
}

bool print_envelope(std::string_view body) {
  static const bool coloured = on_terminal(stdout) && std::getenv("NO_COLOR") == nullptr;
  const char* const colour = coloured ? colour_of(facts_of(body)) : "";
  std::fputs(colour, stdout);  // ours, so past print_text()
  bool fine = print_text(stdout, body);
  fine = std::fputs(*colour != '\0' ? "\x1b[0m\n" : "\n", stdout) >= 0 && fine;
  return std::fflush(stdout) == 0 && fine;
}

// --- a server

// The filters as the stream's query knows them (streams 3.3).
Parameters stream_filters(const TraceArguments& arguments) {
  Parameters parameters;
  for (const auto& [name, value] : arguments.filter)
    parameters[name == "task" ? "taskId" : name] = value;
  return parameters;
}

// Prints the events of one stream for as long as it lasts.
class Follower {
 public:
  Follower(const TraceArguments& arguments, std::string last)
      : arguments_(arguments), last_(std::move(last)) {}

  Result<CliAnswer> follow(const std::string& route, Parameters parameters) {
    SseParser parser([this](const SseParser::Event& event) { take(event); });
    if (last_ == "earliest") parameters["lastEventId"] = last_;
    CliRequest request{
        .url = arguments_.url + route + query_string(parameters),
        .token = arguments_.token,
        .method = {},
        .headers = {"Accept: text/event-stream"},
        .body = {},
        .on_bytes = [this, &parser](std::string_view bytes) {
          refusal_.append(bytes.substr(0, kMaxRefusal - std::min(refusal_.size(), kMaxRefusal)));
          return parser.feed(bytes).ok() && !gone_ && !ended_;
        }};
    if (!last_.empty() && last_ != "earliest") request.headers.push_back("Last-Event-ID: " + last_);
    refusal_.clear();
    auto answer = cli_http(request);
    if (parser.retry_ms() > 0) retry_ms_ = parser.retry_ms();
    return answer;
  }

  bool gone() const { return gone_; }    // nobody reads us any more
  bool ended() const { return ended_; }  // a replay, at its last entry
  long retry_ms() const { return retry_ms_; }
  // Why the server would not; it answers with one line of JSON.
  std::string why_refused(long status) const {
    if (status == 401) return "the server wants a token: set MCP_BEARER_TOKEN";
    return fmt::format("the server refused the stream with {}: {}", status, refusal_);
  }

 private:
  static constexpr std::size_t kMaxRefusal = 1024;

  void take(const SseParser::Event& event) {
    if (!event.id.empty()) last_ = event.id;
    const bool entry = event.event == "message" || event.data.starts_with("{\"type\"");
    if (entry) {
      gone_ = gone_ || !print_envelope(event.data);
    } else if (event.event == "replay_end") {
      ended_ = true;
    } else {  // gap, reset, goodbye: for the person
      remark(fmt::format("[{}] {}", event.event, event.data));
    }
  }

  const TraceArguments& arguments_;
  std::string last_;
  std::string refusal_;
  long retry_ms_ = 2000;
  bool gone_ = false, ended_ = false;
};

int replay_of_server(const TraceArguments& arguments) {
  Parameters parameters = stream_filters(arguments);
  parameters["speed"] = arguments.speed;
  if (!arguments.from.empty()) parameters["from"] = arguments.from;
  if (!arguments.to.empty()) parameters["to"] = arguments.to;
  Follower follower(arguments, {});
  const auto answer = follower.follow("/trace/replay", std::move(parameters));
  if (!answer.ok()) return failed(answer.status().message());
  if (answer->status != 200) return failed(follower.why_refused(answer->status));
  if (!follower.ended() && !follower.gone()) return failed("the server ended the replay early");
  return 0;
}

// --- a directory

// When an entry is due: as long after the first as its stamp is later, divided by the
// speed.  Entries without a stamp and steps back cost no time; a silence of more than
// an hour is cut to one.
class Pace {
 public:
  explicit Pace(const std::string& speed) : speed_(speed == "max" ? 0 : speed == "10" ? 10 : 1) {}

  Steady::time_point due(std::int64_t stamp_ns) {
    if (speed_ == 0 || stamp_ns == 0) return due_;
    if (newest_ == 0) newest_ = stamp_ns;
    if (stamp_ns > newest_) {
      due_ += std::chrono::nanoseconds(std::min(stamp_ns - newest_, kMaxSilenceNs) / speed_);
      newest_ = stamp_ns;
    }
    return due_;
  }

 private:
  static constexpr std::int64_t kMaxSilenceNs = 3'600'000'000'000;

  const std::int64_t speed_;
  std::int64_t newest_ = 0;
  Steady::time_point due_ = Steady::now();
};

int replay_of_directory(const TraceArguments& arguments) {
  const auto filter = filter_of(arguments);
  if (!filter.ok()) return refused(filter.status().message());
  const auto log = DirectoryLog::open(arguments.dir);
  if (!log.ok()) return refused(log.status().message());
  const auto range = range_of(arguments, **log);
  if (!range.ok()) return refused(range.status().message());

  Pace pace(arguments.speed);
  for (Sequence next = range->from; next <= range->through;) {
    std::vector<EntryPtr> entries;
    const ReadOutcome outcome = read_entries(**log, next, {}, entries);
    for (const EntryPtr& entry : entries) {
      if (entry->sequence > range->through || !matches(*filter, entry->facts)) continue;
      wait_until(pace.due(entry->facts.timestamp_ns));
      if (!print_envelope(entry->body)) return 0;
    }
    if (outcome.loss)
      remark(fmt::format(
          "[gap] {} to {} ({})", encode_event_id((*log)->epoch(), outcome.loss->from),
          encode_event_id((*log)->epoch(), outcome.loss->through), name_of(outcome.loss->reason)));
    if (outcome.next <= next) break;
    next = outcome.next;
  }
  return 0;
}

// The last entries, then what a server adds, for as long as one holds the directory.
class DirectoryTail {
 public:
  DirectoryTail(const TraceArguments& arguments, QueryFilter filter)
      : arguments_(arguments), filter_(std::move(filter)) {}

  int run() {
    for (;;) {
      // Asked first: what a server wrote before it left is printed.
      const bool live = is_written_to(arguments_.dir);
      const auto log = DirectoryLog::open(arguments_.dir);
      if (!log.ok()) return refused(log.status().message());
      if (Status begun = begin(**log); !begun.ok()) return refused(begun.message());
      if (!print(**log)) return 0;
      if (!live) return 0;
      wait_until(Steady::now() + kLookEvery);
    }
  }

 private:
  static constexpr Sequence kLastEntries = 10;
  static constexpr std::chrono::milliseconds kLookEvery{200};

  Status begin(const DirectoryLog& log) {
    if (log.epoch() == epoch_) return {};
    if (!epoch_.empty()) remark(fmt::format("[reset] {} was begun anew", arguments_.dir));
    const bool again = !epoch_.empty();
    epoch_ = log.epoch();
    next_ = log.oldest();
    if (again || arguments_.from == "earliest") return {};
    if (arguments_.from.empty()) {
      if (log.last() > kLastEntries) next_ = std::max(next_, log.last() - kLastEntries + 1);
      return {};
    }
    const auto after = sequence_of(arguments_.from, log);
    if (!after.ok()) return after.status();
    next_ = *after + 1;
    return {};
  }

  bool print(const DirectoryLog& log) {
    for (bool fine = true; next_ <= log.last();) {
      const ReadOutcome read = log.read(next_, {}, [&](const StoredLine& line) {
        if (fine && matches(filter_, facts_of(line.body))) fine = print_envelope(line.body);
      });
      if (!fine) return false;
      if (read.loss)
        remark(fmt::format("[gap] {} to {} ({})", encode_event_id(log.epoch(), read.loss->from),
                           encode_event_id(log.epoch(), read.loss->through),
                           name_of(read.loss->reason)));
      if (read.next <= next_) break;
      next_ = read.next;
    }
    return true;
  }

  const TraceArguments& arguments_;
  const QueryFilter filter_;
  Epoch epoch_;
  Sequence next_ = 0;
};

int tail_of_directory(const TraceArguments& arguments) {
  auto filter = filter_of(arguments);
  if (!filter.ok()) return refused(filter.status().message());
  return DirectoryTail(arguments, std::move(*filter)).run();
}

}  // namespace

int trace_tail(const TraceArguments& arguments) {
  if (arguments.url.empty()) return tail_of_directory(arguments);
  Follower follower(arguments, arguments.from);
  for (bool first = true;; first = false) {
    const auto answer = follower.follow("/trace/stream", stream_filters(arguments));
    if (follower.gone()) return 0;
    if (first && !answer.ok()) return failed(answer.status().message());
    if (answer.ok() && answer->status != 200) return failed(follower.why_refused(answer->status));
    remark(fmt::format("[reconnecting in {} ms]", follower.retry_ms()));
    wait_until(Steady::now() + std::chrono::milliseconds(follower.retry_ms()));
  }
}

int trace_replay(const TraceArguments& arguments) {
  return arguments.url.empty() ? replay_of_directory(arguments) : replay_of_server(arguments);
}

}  // namespace devs
