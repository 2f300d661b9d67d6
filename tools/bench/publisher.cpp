#include "tools/bench/publisher.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace devs {
namespace {

// Servers end a connection after 1000 requests: it is renewed before, while idle, so
// that no payload is ever on its way when that happens.
constexpr std::size_t kRenewAfter = 500;
// How long answers may take once everything is sent.
constexpr Nanos kLastAnswers = 10 * kSecond;
constexpr Nanos kLook = kSecond / 1000;

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(const Endpoint& endpoint, std::size_t lanes) {
  std::unique_ptr<Publisher> publisher(new Publisher(endpoint));
  publisher->lanes_.resize(lanes);
  for (Lane& lane : publisher->lanes_)
    if (Status connected = publisher->renew(lane); !connected.ok()) return connected;
  return publisher;
}

Publisher::~Publisher() {
  for (const Lane& lane : lanes_)
    if (lane.fd >= 0) close(lane.fd);
}

Status Publisher::renew(Lane& lane) {
  if (lane.fd >= 0) close(lane.fd);
  const Result<int> fd = connect_to(endpoint_);
  lane = {};
  if (!fd.ok()) return fd.status();
  lane.fd = fd.value();
  return {};
}

Status Publisher::run(const PayloadBook& book, const std::stop_token& stop) {
  prctl(PR_SET_TIMERSLACK, 1);  // woken when due, not 50 us later
  for (std::size_t number = 0; number < book.size() && !stop.stop_requested();
       number += book.batch()) {
    Lane& lane = lanes_[book.lane_of(number, lanes_.size())];
    wait_until(book.due(number));
    if (Status heard = listen(lane); !heard.ok()) return heard;
    if (Status sent = publish(lane, book, number); !sent.ok()) return sent;
  }
  const Nanos until = now() + kLastAnswers;
  for (Lane& lane : lanes_) {
    while (lane.waiting > 0 && now() < until && !stop.stop_requested()) {
      wait_until(now() + kLook);
      if (Status heard = listen(lane); !heard.ok()) return heard;
    }
    if (lane.waiting > 0) return Status(Code::deadline_exceeded, "publishes were not answered");
  }
  return {};
}

Status Publisher::publish(Lane& lane, const PayloadBook& book, std::size_t number) {
  if (lane.used >= kRenewAfter && lane.waiting == 0)
    if (Status renewed = renew(lane); !renewed.ok()) return renewed;

  const std::size_t count = std::min(book.batch(), book.size() - number);
  const std::string topic = PayloadBook::topic_name(book.topic_of(number));
  std::string request =
      "POST " + with_topic(endpoint_.path, topic) + " HTTP/1.1\r\nHost: " + endpoint_.authority() +
      "\r\nContent-Type: " + (count > 1 ? "application/x-ndjson" : "application/json") +
      "\r\nContent-Length: " + std::to_string(count * (book.bytes() + 1) - 1) + "\r\n\r\n";
  for (std::size_t at = number; at < number + count; ++at) {
    if (at > number) request += '\n';
    request += book.at(at);
  }
  outcome_.late.add(now() - book.due(number));
  if (!send_all(lane.fd, request))
    return Status(Code::unavailable, "the server closed a publisher's connection");
  ++lane.waiting;
  ++lane.used;
  ++outcome_.sent;
  return {};
}

Status Publisher::listen(Lane& lane) {
  char bytes[8192];
  ssize_t got = 0;
  while ((got = recv(lane.fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    lane.answers.feed({bytes, static_cast<std::size_t>(got)});
  const bool ended = got == 0;
  const bool failed = got < 0 && errno != EAGAIN && errno != EINTR;

  HttpAnswers::Answer answer;
  bool closes = ended;
  while (lane.waiting > 0 && lane.answers.take(answer)) {
    const bool good = answer.status >= 200 && answer.status < 300;
    ++(good ? outcome_.accepted : outcome_.refused);
    --lane.waiting;
    closes = closes || answer.closes;
  }
  if (failed || lane.answers.broken())
    return Status(Code::unavailable, "a publisher's connection broke");
  if (!closes) return {};
  if (lane.waiting > 0)
    return Status(Code::unavailable, "the server closed with publishes under way");
  return renew(lane);
}

}  // namespace devs
