#include "tools/bench/bad_tokens.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace devs {
namespace {

constexpr std::size_t kLanes = 4;
constexpr int kPatienceMs = 10'000;

struct Place {
  const char* path;
  const char* in_query;  // parameter; nullptr: in the header
};
constexpr std::array<Place, 8> kPlaces{{{"/trace/stream", nullptr},
                                        {"/trace/stream", "token"},
                                        {"/agent-console/stream", "streamToken"},
                                        {"/events/stream", "token"},
                                        {"/events/stream", nullptr},
                                        {"/trace/log", nullptr},
                                        {"/api/graph/snapshot", nullptr},
                                        {"/metrics", "token"}}};

}  // namespace

BadTokens::BadTokens(Endpoint endpoint, double per_second)
    : endpoint_(std::move(endpoint)), per_second_(per_second), lanes_(kLanes) {
}

BadTokens::~BadTokens() {
  for (const Lane& lane : lanes_)
    if (lane.fd >= 0) close(lane.fd);
}

std::string BadTokens::next_request() {
  const Place& place = kPlaces[number_ % kPlaces.size()];
  // Half of them look like a stream token of ours.
  std::string token = "bad-" + std::to_string(number_) + "-token-that-nobody-gave-out";
  if (number_ / kPlaces.size() % 2 == 1)
    token = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJ4In0." + std::to_string(number_);
  ++number_;
  std::string text = "GET " + std::string(place.path);
  if (place.in_query != nullptr) text.append("?").append(place.in_query).append("=").append(token);
  text += " HTTP/1.1\r\nHost: " + endpoint_.authority() + "\r\n";
  if (place.in_query == nullptr) text += "Authorization: Bearer " + token + "\r\n";
  return text + "\r\n";
}

void BadTokens::ask(Lane& lane) {
  if (lane.fd < 0) {
    auto fd = connect_to(endpoint_);
    lane.fd = fd.ok() ? *fd : -1;
    lane.answers.reset();
  }
  HttpAnswers::Answer answer;
  bool open = lane.fd >= 0 && send_all(lane.fd, next_request());
  while (open && !lane.answers.take(answer)) {
    char bytes[8 * 1024];
    pollfd readable{lane.fd, POLLIN, 0};
    const ssize_t got =
        poll(&readable, 1, kPatienceMs) == 1 ? recv(lane.fd, bytes, sizeof bytes, 0) : 0;
    open = got > 0 && !lane.answers.broken();
    if (open) lane.answers.feed({bytes, static_cast<std::size_t>(got)});
  }
  ++(answer.status == 401 ? refused_ : wrong_);
  if ((!open || answer.closes) && lane.fd >= 0) close(std::exchange(lane.fd, -1));
}

void BadTokens::run(Nanos until) {
  const Nanos begin = now();
  for (std::size_t sent = 0; now() < until; ++sent) {
    wait_until(begin + static_cast<Nanos>(static_cast<double>(sent) * 1e9 / per_second_));
    ask(lanes_[sent % lanes_.size()]);
  }
}

}  // namespace devs
