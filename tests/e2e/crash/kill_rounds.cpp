#include "tests/e2e/crash/kill_rounds.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <random>
#include <string_view>
#include <vector>

#include "tests/e2e/crash/crash_words.h"
#include "tests/support/temp_dir.h"
#include "trace/flight_log.h"
#include "trace/log_check.h"

namespace devs {
namespace {

using Random = std::mt19937_64;
using std::chrono::microseconds;

constexpr unsigned kLives = 10;                // of one directory, then a new one
constexpr microseconds kLongest{50'000};       // from its start, or from its first word
constexpr std::chrono::seconds kPatience{60};  // for a first word, on a loaded machine

// A real process that writes, with an end of a pipe that tells what it has shown.
class Victim {
 public:
  Victim(const std::filesystem::path& writer, const std::filesystem::path& dir, bool synced,
         unsigned generation) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
    std::string program = writer.string(), where = dir.string(),
                durability = synced ? "synced" : "written", number = std::to_string(generation);
    std::array<char*, 5> arguments{program.data(), where.data(), durability.data(), number.data(),
                                   nullptr};
    if (::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0)
      pid_ = -1;
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    said_ = pipe[0];
  }
  ~Victim() {
    kill();
    ::close(said_);
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  // Listens until `deadline`, or its end.
  void listen_until(TimePoint deadline, bool only_first_word) {
    while (!over_ && !(only_first_word && heard_.find('\n') != std::string::npos)) {
      const auto left =
          std::chrono::duration_cast<microseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return;
      struct pollfd ready {
        said_, POLLIN, 0
      };
      const timespec wait{left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
      if (::ppoll(&ready, 1, &wait, nullptr) > 0) hear();
    }
  }
  // What it said to its last moment, whole lines only: half a line promised nothing.
  std::string kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      while (!over_) hear();
      int status = 0;
      ::waitpid(pid_, &status, 0);
      killed_ = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
      pid_ = -1;
    }
    heard_.resize(heard_.rfind('\n') + 1);
    return heard_;
  }
  bool killed() const { return killed_; }  // and did not end by itself

 private:
  void hear() {
    std::array<char, 65536> block;
    const ssize_t n = ::read(said_, block.data(), block.size());
    if (n <= 0)
      over_ = true;
    else
      heard_.append(block.data(), static_cast<std::size_t>(n));
  }

  pid_t pid_ = -1;
  int said_ = -1;
  bool over_ = false, killed_ = false;
  std::string heard_;
};

// All lives of one directory, as they were promised.
class Lives {
 public:
  explicit Lives(KillReport& report) : report_(report) {}

  // The first thing that breaks the law, or nothing.
  std::string live(const std::string& heard) {
    for (std::size_t at = 0, end; at < heard.size(); at = end + 1) {
      end = heard.find('\n', at);
      const std::string line = heard.substr(at, end - at);
      std::array<char, 16> epoch{};
      unsigned long long sequence = 0, print = 0;
      if (std::sscanf(line.c_str(), "open %15s %llu", epoch.data(), &sequence) == 2) {
        if (sequence != entries_.size())
          return fmt::format("a life began at {} where {} was found before", sequence,
                             entries_.size());
        if (!entries_.empty() && epoch_ != epoch.data()) return "the epoch changed";
        epoch_ = epoch.data();
      } else if (std::sscanf(line.c_str(), "seen %llu %llx", &sequence, &print) == 2) {
        if (sequence != entries_.size() + 1)
          return fmt::format("a reader saw {} after {}", sequence, entries_.size());
        entries_.push_back({print, true});
        ++report_.acknowledged;
      } else {
        return "the writer said: " + line;
      }
    }
    return {};
  }

  // A copy: the next life finds what this one left, and may be killed while it mends it.
  std::string judge(const std::filesystem::path& left) {
    const TempDir copy;
    const auto dir = copy / "log";
    std::filesystem::copy(left, dir, std::filesystem::copy_options::recursive);
    Log& lines = stderr_log(Log::Level::error);
    auto log = FlightLog::open({.dir = dir, .segment_bytes = 32 * 1024}, lines);
    if (!log.ok()) return "it does not open: " + log.status().message();
    if ((*log)->found().torn_bytes > 0) ++report_.with_torn_tail;
    if (std::string fault = judge(**log); !fault.empty()) return fault;
    log->reset();
    const auto checked = check_log(real_files(), dir, {});
    if (!checked.ok()) return "it cannot be checked: " + checked.status().message();
    if (!checked->faults.empty()) {
      const LogFault& first = checked->faults.front();
      return fmt::format("verify complains of {} at {}: {}", first.file, first.offset, first.what);
    }
    report_.segments += checked->segments;
    return {};
  }

 private:
  struct Entry {
    std::uint64_t print = 0;
    bool promised = false;
  };

  std::string judge(const FlightLog& log) {
    if (log.last() < entries_.size())
      return fmt::format("it ends at {}, and {} was visible", log.last(), entries_.size());
    if (!entries_.empty() && log.epoch() != epoch_) return "the epoch changed";
    std::string fault;
    std::map<std::pair<unsigned, unsigned>, unsigned> words;  // each publisher's, in order
    Sequence wanted = 1;
    while (fault.empty() && wanted <= log.last()) {
      const Sequence before = wanted;
      const ReadOutcome outcome = log.read(wanted, {}, [&](const StoredLine& line) {
        if (fault.empty()) fault = judge(line, wanted++, words);
      });
      if (outcome.loss) return fmt::format("entry {} is lost", wanted);
      if (fault.empty() && (wanted == before || outcome.next != wanted))
        return fmt::format("a read from {} ended at {}", before, outcome.next);
    }
    if (!entries_.empty()) epoch_ = log.epoch();
    report_.stored += entries_.size();
    return fault;
  }

  std::string judge(const StoredLine& line, Sequence wanted,
                    std::map<std::pair<unsigned, unsigned>, unsigned>& words) {
    if (line.sequence != wanted)
      return fmt::format("{} comes where {} should", line.sequence, wanted);
    const auto word = read_crash_body(line.body);
    if (!word) return fmt::format("entry {} is not what anybody wrote", wanted);
    // What a full ring refused was tried again, so each publisher's words are dense.
    const auto [next, first] = words.try_emplace({word->generation, word->publisher}, 0u);
    if (word->number != next->second++)
      return fmt::format("entry {} is word {} of its writer, after {}", wanted, word->number,
                         next->second - 1);
    const bool was_visible = wanted <= entries_.size() && entries_[wanted - 1].promised;
    if (line.topics != topics_of(*word) && (was_visible || !line.topics.empty()))
      return fmt::format("entry {} has the topics '{}'", wanted, line.topics);
    const std::uint64_t print = fingerprint(line.body);
    if (wanted > entries_.size())
      entries_.push_back({print, false});  // whole, and from now on it stays
    else if (entries_[wanted - 1].print != print)
      return fmt::format("entry {} means something else now", wanted);
    return {};
  }

  KillReport& report_;
  std::string epoch_;
  std::vector<Entry> entries_;  // by sequence - 1
};

}  // namespace

KillReport run(const KillRounds& rounds) {
  KillReport report;
  Random random(rounds.seed);
  for (bool synced = false; report.kills < rounds.iterations; synced = !synced) {
    const TempDir dir;
    Lives lives(report);
    for (unsigned life = 0; life < kLives && report.kills < rounds.iterations; ++life) {
      Victim victim(rounds.writer, dir.path(), synced, life);
      // Half of them from the start, so that opening is cut short as well.
      const bool from_first_word = random() % 2 == 0;
      const microseconds after(random() % static_cast<std::uint64_t>(kLongest.count()));
      if (from_first_word) victim.listen_until(std::chrono::steady_clock::now() + kPatience, true);
      victim.listen_until(std::chrono::steady_clock::now() + after, false);
      const std::string heard = victim.kill();
      ++report.kills;
      if (heard.empty()) ++report.while_opening;
      report.fault = lives.live(heard);
      if (report.fault.empty() && !victim.killed()) report.fault = "the writer ended by itself";
      if (report.fault.empty()) report.fault = lives.judge(dir.path());
      if (!report.fault.empty()) {
        report.fault = fmt::format("seed {}, kill {}, {}, life {}: {}", rounds.seed, report.kills,
                                   synced ? "synced" : "written", life, report.fault);
        return report;
      }
      if (rounds.tell && report.kills % 100 == 0) {
        std::printf("%u kills, %llu acknowledged\n", report.kills,
                    static_cast<unsigned long long>(report.acknowledged));
        std::fflush(stdout);
      }
    }
  }
  return report;
}

}  // namespace devs
