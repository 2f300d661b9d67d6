// Calls that wait for the client, by elicitation and by sampling, all at once: what one
// costs the server in memory, and whether it holds a thread.  Each has a connection of its
// own, as a client that waits has.  All are answered in the end, each with its own words.
// Talks to tests/support/mcp_fixture; prints one line of JSON.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tools/bench/endpoint.h"
#include "tools/bench/flags.h"
#include "tools/bench/nanoseconds.h"
#include "tools/bench/plain_client.h"
#include "tools/bench/process_usage.h"

namespace devs {
namespace {

constexpr int kPatienceMs = 30'000;
constexpr std::size_t kPerSession = 500;  // a client may owe 1000 answers
constexpr std::size_t kTogether = 50;     // requests on their way at a time
constexpr int kWarmUp = 200;              // parked and answered before anything is counted

int refuse(const std::string& why) {
  std::fprintf(stderr, "parked_calls: %s\n", why.c_str());
  return 2;
}

struct Call {
  int fd = -1;
  std::size_t session = 0;
  std::size_t number = 0;
  std::string heard;
  std::string question_id;  // JSON text

  bool samples() const { return number % 2 == 1; }
  std::string words() const { return "words of " + std::to_string(number) + "."; }
};

class Client {
 public:
  explicit Client(const Endpoint& endpoint) : endpoint_(endpoint), control_(endpoint) {}
  ~Client() {
    for (const Call& call : calls_) close(call.fd);
  }

  // Until `to` calls wait for an answer.
  bool park(std::size_t to) {
    while (calls_.size() < to) {
      const std::size_t first = calls_.size();
      while (calls_.size() < to && calls_.size() < first + kTogether)
        if (!begin()) return false;
      for (std::size_t i = first; i < calls_.size(); ++i)
        if (!hear(calls_[i], "\"method\":\"") || !take_question(calls_[i])) return false;
    }
    return true;
  }

  // Answers every one; true when each result holds the words of its own call.
  bool answer_all() {
    for (const Call& call : calls_) {
      const std::string result =
          call.samples() ? R"({"role":"assistant","model":"m","content":{"type":"text","text":")" +
                               call.words() + "\"}}"
                         : R"({"action":"accept","content":{"username":")" + call.words() + "\"}}";
      const auto said = post(call.session, R"({"jsonrpc":"2.0","id":)" + call.question_id +
                                               ",\"result\":" + result + "}");
      if (said.status != 202) return complain("an answer was not taken: " + said.body);
    }
    bool right = true;
    for (Call& call : calls_) {
      right = right && hear(call, "\"result\":") && hear(call, call.words());
      close(call.fd);
    }
    calls_.clear();
    return right;
  }

  const std::string& complaint() const { return complaint_; }

 private:
  bool complain(std::string why) {
    complaint_ = std::move(why);
    return false;
  }

  HttpAnswers::Answer post(std::size_t session, const std::string& body) {
    return control_.post(sessions_[session], body);
  }

  bool open_session() {
    HttpAnswers::Answer hello;
    sessions_.push_back(control_.initialise(R"({"elicitation":{},"sampling":{}})", &hello));
    return !sessions_.back().empty() || complain("initialize was answered with " + hello.body);
  }

  bool begin() {
    Call call;
    call.number = begun_++;
    call.session = call.number / kPerSession;
    if (call.session == sessions_.size() && !open_session()) return false;
    const auto fd = connect_to(endpoint_, {.from = loopback_of(call.number)});
    if (!fd.ok()) return complain(fd.status().message());
    call.fd = *fd;
    const std::string what = call.samples() ? R"("test_sampling","arguments":{"prompt":"go on")"
                                            : R"("test_elicitation","arguments":{"message":"who?")";
    const std::string body = R"({"jsonrpc":"2.0","id":)" + std::to_string(call.number) +
                             R"(,"method":"tools/call","params":{"name":)" + what + "}}}";
    if (!send_all(call.fd, post_of(endpoint_, sessions_[call.session], body)))
      return complain("a call was lost");
    calls_.push_back(std::move(call));
    return true;
  }

  // Reads until `wanted` came.
  bool hear(Call& call, std::string_view wanted) {
    while (call.heard.find(wanted) == std::string::npos) {
      char bytes[4096];
      pollfd readable{call.fd, POLLIN, 0};
      if (poll(&readable, 1, kPatienceMs) <= 0) return complain("silence after " + call.heard);
      const ssize_t got = recv(call.fd, bytes, sizeof bytes, 0);
      if (got <= 0) return complain("a call ended with " + call.heard);
      call.heard.append(bytes, static_cast<std::size_t>(got));
    }
    return true;
  }

  bool take_question(Call& call) {
    const std::string_view method =
        call.samples() ? "sampling/createMessage" : "elicitation/create";
    const std::size_t id = call.heard.find("\"id\":\"");
    if (id == std::string::npos || call.heard.find(method) == std::string::npos)
      return complain("not asked: " + call.heard);
    call.question_id = call.heard.substr(id + 5, call.heard.find('"', id + 6) - id - 4);
    call.heard.clear();
    call.heard.shrink_to_fit();
    return true;
  }

  const Endpoint endpoint_;
  std::vector<std::string> sessions_;
  std::vector<Call> calls_;
  std::size_t begun_ = 0;
  PlainClient control_;  // of what is not a call
  std::string complaint_;
};

int measure(const Endpoint& endpoint, std::size_t calls, const std::vector<int>& pids) {
  Client client(endpoint);
  if (!client.park(kWarmUp) || !client.answer_all()) return refuse(client.complaint());
  const ProcessUsage before = usage_of(pids);
  const Nanos begin = now();
  if (!client.park(calls)) return refuse(client.complaint());
  const double seconds = static_cast<double>(now() - begin) / 1e9;
  const ProcessUsage parked = usage_of(pids);
  const bool answered = client.answer_all();
  if (!answered) std::fprintf(stderr, "parked_calls: %s\n", client.complaint().c_str());
  const bool ok = answered && parked.threads == before.threads;
  std::printf(
      R"({"calls":%zu,"park_s":%.2f,"threads_before":%ld,"threads_parked":%ld,"rss_before_kb":%ld,)"
      R"("rss_parked_kb":%ld,"kb_per_call":%.2f,"ok":%s})"
      "\n",
      calls, seconds, before.threads, parked.threads, before.rss_kb, parked.rss_kb,
      static_cast<double>(parked.rss_kb - before.rss_kb) / static_cast<double>(calls),
      ok ? "true" : "false");
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace devs

int main(int argc, char** argv) {
  using namespace devs;
  Flags flags(argc, argv, {"url", "calls", "pids"});
  const auto calls = static_cast<std::size_t>(flags.whole("calls", 10'000, 1));
  const std::vector<int> pids = flags.pids("pids");
  const auto endpoint = read_url(flags.text("url"));
  if (!flags.status().ok() || !endpoint.ok()) {
    std::fprintf(stderr, "usage: parked_calls --url URL [--calls N] [--pids P]\n");
    return refuse((flags.status().ok() ? endpoint.status() : flags.status()).message());
  }
  allow_many_descriptors();
  return measure(*endpoint, calls, pids);
}
