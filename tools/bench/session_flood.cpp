// Clients that say initialize and never come back, a million of them: memory stays, the
// longest unused makes room, and when every session is in use the next one is refused.
// Prints one line of JSON; ends with 1 when one of that does not hold.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "tools/bench/flags.h"
#include "tools/bench/nanoseconds.h"
#include "tools/bench/plain_client.h"
#include "tools/bench/process_usage.h"
#include "trace/mutex.h"

namespace devs {
namespace {

constexpr std::size_t kClients = 8;  // at a time, so the order is known but for so many
constexpr std::size_t kUnsure = 2 * kClients;
constexpr std::size_t kFirst = 500;  // sessions before anything is counted
constexpr int kPatienceMs = 30'000;
constexpr const char* kPing = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";

class Flood {
 public:
  Flood(const Endpoint& endpoint, std::size_t max, std::vector<int> pids)
      : endpoint_(endpoint), max_(max), pids_(std::move(pids)), control_(endpoint) {}
  ~Flood() {
    for (const int fd : streams_) close(fd);
  }

  bool run(std::size_t initialises);
  void print() const;

 private:
  bool holds(bool what, const char* fact) {
    if (!what) std::fprintf(stderr, "session_flood: not so: %s\n", fact);
    ok_ = ok_ && what;
    return what;
  }
  long rss_kb() const { return usage_of(pids_).rss_kb; }
  int ping(const std::string& session) { return control_.post(session, kPing).status; }
  void begin(std::size_t sessions);
  void check_order();
  void check_refusal();
  bool open_stream(const std::string& session, std::size_t number);

  const Endpoint endpoint_;
  const std::size_t max_;
  const std::vector<int> pids_;
  PlainClient control_;
  std::string used_;  // a session that is used again and again
  Mutex mutex_;
  std::deque<std::string> begun_ DEVS_GUARDED_BY(mutex_);  // the newest 2 * max_
  std::size_t refused_ DEVS_GUARDED_BY(mutex_) = 0;
  std::vector<int> streams_;

  std::size_t initialises_ = 0;
  double seconds_ = 0, kb_per_session_ = 0, kb_per_stream_ = 0;
  long rss_full_kb_ = 0, rss_tenth_kb_ = 0, rss_most_kb_ = 0, rss_end_kb_ = 0;
  bool ok_ = true;
};

// That many more, kClients at a time.
void Flood::begin(std::size_t sessions) {
  std::vector<std::jthread> clients;
  for (std::size_t n = 0; n < kClients; ++n) {
    clients.emplace_back([this, mine = sessions / kClients] {
      PlainClient client(endpoint_);
      for (std::size_t i = 0; i < mine; ++i) {
        std::string id = client.initialise();
        MutexLock lock(mutex_);
        if (id.empty()) ++refused_;
        begun_.push_back(std::move(id));
        if (begun_.size() > 2 * max_) begun_.pop_front();
      }
    });
  }
  clients.clear();
  initialises_ += sessions / kClients * kClients;
}

bool Flood::run(std::size_t initialises) {
  const Nanos start = now();
  begin(kFirst);
  used_ = control_.initialise();
  const std::size_t before = initialises_ + 1;
  const long rss_before = rss_kb();
  begin(max_ - before);
  rss_full_kb_ = rss_kb();
  kb_per_session_ = static_cast<double>(rss_full_kb_ - rss_before) /
                    static_cast<double>(initialises_ + 1 - before);
  while (holds(ping(used_) == 200, "a session that is used stays") && initialises_ < initialises) {
    begin(max_ / 2);
    const long rss = rss_kb();
    rss_most_kb_ = std::max(rss_most_kb_, rss);
    if (initialises_ >= initialises / 10 && rss_tenth_kb_ == 0) rss_tenth_kb_ = rss;
  }
  seconds_ = static_cast<double>(now() - start) / 1e9;
  rss_end_kb_ = rss_kb();
  check_order();
  check_refusal();
  return ok_;
}

void Flood::check_order() {
  std::vector<std::string> begun;
  {
    MutexLock lock(mutex_);
    holds(refused_ == 0, "each initialize got a session");
    begun.assign(begun_.rbegin(), begun_.rend());  // the newest first
  }
  bool gone = true, there = true;
  for (std::size_t at = max_ + kUnsure; at < begun.size(); at += 97)
    gone = gone && ping(begun[at]) == 404;
  for (std::size_t at = 0; at + kUnsure < max_; at += 97) there = there && ping(begun[at]) == 200;
  holds(gone, "the longest unused have gone");
  holds(there, "the others are there");
}

bool Flood::open_stream(const std::string& session, std::size_t number) {
  const auto fd = connect_to(endpoint_, {.from = loopback_of(number)});
  if (!fd.ok()) return false;
  std::string heard;
  bool open = send_all(
      *fd, "GET " + endpoint_.path + " HTTP/1.1\r\nHost: " + endpoint_.authority() +
               "\r\nAccept: text/event-stream\r\n" + "Mcp-Session-Id: " + session + "\r\n\r\n");
  while (open && heard.find("\r\n\r\n") == std::string::npos) {
    char bytes[4096];
    pollfd readable{*fd, POLLIN, 0};
    const ssize_t got = poll(&readable, 1, kPatienceMs) > 0 ? recv(*fd, bytes, sizeof bytes, 0) : 0;
    open = got > 0;
    if (open) heard.append(bytes, static_cast<std::size_t>(got));
  }
  if (heard.starts_with("HTTP/1.1 200")) {
    streams_.push_back(*fd);
    return true;
  }
  close(*fd);
  return heard.starts_with("HTTP/1.1 404");  // one that went last, or never was the last
}

void Flood::check_refusal() {
  std::vector<std::string> newest{used_};
  {
    MutexLock lock(mutex_);
    for (std::size_t n = 0; n < max_ + kUnsure && n < begun_.size(); ++n)
      newest.push_back(begun_[begun_.size() - 1 - n]);
  }
  const long before = rss_kb();
  bool opened = true;
  for (std::size_t n = 0; n < newest.size() && opened; ++n) opened = open_stream(newest[n], n);
  if (!holds(opened && streams_.size() == max_, "each of the sessions has its stream")) return;
  kb_per_stream_ = static_cast<double>(rss_kb() - before) / static_cast<double>(streams_.size());

  HttpAnswers::Answer answer;
  holds(control_.initialise("{}", &answer).empty() && answer.status == 503,
        "with every session in use the next is 503");
  close(streams_.front());  // of the session that is used
  streams_.erase(streams_.begin());
  std::string next;
  for (const Nanos end = now() + Nanos{kPatienceMs} * 1'000'000; next.empty() && now() < end;) {
    next = control_.initialise();
    if (next.empty()) poll(nullptr, 0, 20);
  }
  holds(!next.empty() && ping(used_) == 404, "one that is left makes room");
}

void Flood::print() const {
  std::printf(
      R"({"initialises":%zu,"per_s":%.0f,"sessions":%zu,"kb_per_session":%.2f,"kb_per_stream":%.2f,)"
      R"("rss_full_kb":%ld,"rss_tenth_kb":%ld,"rss_most_kb":%ld,"rss_end_kb":%ld,"ok":%s})"
      "\n",
      initialises_, static_cast<double>(initialises_) / seconds_, max_, kb_per_session_,
      kb_per_stream_, rss_full_kb_, rss_tenth_kb_, rss_most_kb_, rss_end_kb_,
      ok_ ? "true" : "false");
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"url", "initialises", "max", "pids"});
  const auto initialises = static_cast<std::size_t>(flags.whole("initialises", 1'000'000, 1));
  const auto max = static_cast<std::size_t>(flags.whole("max", 10'000, 2 * kFirst));
  std::vector<int> pids = flags.pids("pids");
  const auto endpoint = read_url(flags.text("url"));
  if (!flags.status().ok() || !endpoint.ok()) {
    std::fprintf(stderr,
                 "usage: session_flood --url URL --pids P [--initialises N] [--max SESSIONS]\n");
    return 2;
  }
  allow_many_descriptors();
  Flood flood(*endpoint, max, std::move(pids));
  const bool ok = flood.run(initialises);
  flood.print();
  return ok ? 0 : 1;
}
