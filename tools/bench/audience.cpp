#include "tools/bench/audience.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace devs {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr int kEventsPerTurn = 512;
constexpr Nanos kHeadWithin = 30 * kSecond;
// A head says 200 before some servers have put the reader on their list.
constexpr Nanos kSettle = kSecond / 2;
constexpr std::string_view kData = "data: {";
constexpr std::string_view kEnvelope = R"("envelope":{)";
constexpr std::string_view kUpgrade =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view kId = "id: ";
// Of a reader that will stop: the server shall notice before the run is over.
constexpr int kSmallBuffer = 16 * 1024;
// Connections asked for before their answers are looked at.
constexpr std::size_t kConnectsPerTurn = 64;

}  // namespace

Result<std::unique_ptr<Audience>> Audience::open(const Endpoint& endpoint, const Options& options) {
  std::unique_ptr<Audience> audience(new Audience(endpoint, options));
  if (Status connected = audience->connect_all(); !connected.ok()) return connected;
  return audience;
}

Audience::Audience(const Endpoint& endpoint, const Options& options)
    : endpoint_(endpoint),
      options_(options),
      data_(options.websocket ? kEnvelope : kData),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      readers_(options.readers),
      last_id_(options.stopped),
      reading_(options.readers),
      buffer_(kReadBytes),
      channels_(options.topics) {
}

Status Audience::connect_all() {
  if (options_.replayed != nullptr) expect(*options_.replayed, 1, 0);
  const Nanos begin = now();
  for (std::size_t at = 0; at < readers_.size(); ++at) {
    if (Status connected = connect(at); !connected.ok()) return connected;
    if (at % kConnectsPerTurn == 0) turn(0);
  }
  const Nanos until = now() + kHeadWithin;
  while (greeted_ < readers_.size() && outcome_.lost == 0 && now() < until) turn(kSecond / 10);
  if (greeted_ < readers_.size())
    return Status(Code::unavailable, std::to_string(readers_.size() - greeted_) +
                                         " readers were not answered with 200");
  outcome_.connecting = now() - begin;
  if (options_.replayed != nullptr) return {};
  for (const Nanos settled = now() + kSettle; now() < settled;) turn(kSecond / 100);
  return {};
}

// For the first time, or again.
Status Audience::connect(std::size_t at) {
  const bool stops = at < options_.stopped;
  const Result<int> fd =
      connect_to(endpoint_, {.from = loopback_of(at), .receive_buffer = stops ? kSmallBuffer : 0});
  if (!fd.ok()) return fd.status();
  Reader& reader = readers_[at];
  reader.fd = fd.value();
  reader.rest.clear();
  reader.greeted = false;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // polled once per arrival, not twice
  event.data.ptr = &reader;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, reader.fd, &event);
  std::string request =
      "GET " + with_topic(endpoint_.path, PayloadBook::topic_name(at % options_.topics)) +
      " HTTP/1.1\r\nHost: " + endpoint_.authority() + "\r\nAccept: text/event-stream\r\n";
  if (options_.websocket) request += kUpgrade;
  if (stops && !last_id_[at].empty()) request += "Last-Event-ID: " + last_id_[at] + "\r\n";
  if (!send_all(reader.fd, request + "\r\n"))
    return Status(Code::unavailable, "the server closed a reader's connection");
  return {};
}

Audience::~Audience() {
  for (const Reader& reader : readers_)
    if (reader.fd >= 0) close(reader.fd);
  if (epoll_ >= 0) close(epoll_);
}

void Audience::expect(const PayloadBook& book, std::size_t lanes, std::size_t measure_from) {
  assert(book.topics() == options_.topics);
  book_ = &book;
  lanes_ = lanes;
  measure_from_ = measure_from;
  for (std::size_t topic = 0; topic < channels_.size(); ++topic) {
    channels_[topic].order.reserve(book.payloads_of(topic));
    channels_[topic].last_of_lane.assign(lanes, -1);
  }
  known_.assign(book.size(), false);
  outcome_.burst_end.assign(book.size() / book.burst() + 1, 0);
  reading_ = readers_.size() - options_.stopped;
  for (const Reader& reader : readers_) {
    if (is_stopped(reader)) epoll_ctl(epoll_, EPOLL_CTL_DEL, reader.fd, nullptr);
    if (!is_stopped(reader) && book.payloads_of(number_of(reader) % options_.topics) == 0)
      ++satisfied_;
  }
}

void Audience::wake() {
  awake_ = true;
  reading_ = readers_.size();
  for (Reader& reader : readers_) {
    if (!is_stopped(reader)) break;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = &reader;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, reader.fd, &event);
  }
}

void Audience::turn(Nanos patience) {
  epoll_event events[kEventsPerTurn];
  const int count =
      epoll_wait(epoll_, events, kEventsPerTurn, static_cast<int>(patience / 1'000'000));
  for (int at = 0; at < count; ++at) receive(*static_cast<Reader*>(events[at].data.ptr));
}

void Audience::receive(Reader& reader) {
  // A short read has emptied the socket: no second call is spent on hearing so.
  for (bool more = true; more && reader.fd >= 0;) {
    const std::size_t kept = reader.rest.size();
    std::memcpy(buffer_.data(), reader.rest.data(), kept);
    const ssize_t got = recv(reader.fd, buffer_.data() + kept, buffer_.size() - kept, 0);
    if (got <= 0) {
      if (got == 0 || errno != EAGAIN) lose(reader);
      return;
    }
    received_at_ = now();
    ++outcome_.reads;
    const std::string_view bytes(buffer_.data(), kept + static_cast<std::size_t>(got));
    reader.rest.assign(bytes.substr(consume(reader, bytes)));
    // One that the server may close is read to its end, which comes with no arrival.
    more = bytes.size() == buffer_.size() || is_stopped(reader);
  }
}

// How many bytes are done with.
std::size_t Audience::consume(Reader& reader, std::string_view bytes) {
  if (!reader.greeted) {
    if (!bytes.starts_with(options_.websocket ? "HTTP/1.1 101 " : "HTTP/1.1 200 ")) {
      lose(reader);
      return bytes.size();
    }
    reader.greeted = true;
    ++greeted_;
  }
  if (book_ == nullptr) return bytes.size();

  std::size_t at = 0;
  for (;;) {
    const void* hit = memmem(bytes.data() + at, bytes.size() - at, data_.data(), data_.size());
    if (hit == nullptr) {
      // An id before data that is still to come must not be lost.
      const std::size_t keep = is_stopped(reader) ? 64 : data_.size() - 1;
      return bytes.size() - std::min(bytes.size() - at, keep);
    }
    const auto line = static_cast<std::size_t>(static_cast<const char*>(hit) - bytes.data());
    const std::string_view data = bytes.substr(line + data_.size() - 1);
    if (!data.starts_with(book_->mark().substr(0, data.size()))) {
      ++outcome_.foreign;
      at = line + data_.size();
      continue;
    }
    if (data.size() < book_->bytes()) return is_stopped(reader) ? at : line;
    if (is_stopped(reader)) note_id(reader, bytes.substr(at, line - at));
    deliver(reader, data.substr(0, book_->bytes()));
    at = line + data_.size() - 1 + book_->bytes();
  }
}

// The `id:` line of the frame whose data comes next.
void Audience::note_id(const Reader& reader, std::string_view before) {
  const std::size_t at = before.rfind(kId);
  if (at == std::string_view::npos) return;
  const std::string_view id = before.substr(at + kId.size());
  last_id_[number_of(reader)] = id.substr(0, id.find_first_of("\r\n"));
}

void Audience::deliver(Reader& reader, std::string_view payload) {
  const std::size_t number = book_->number_in(payload);
  const std::size_t topic = number_of(reader) % options_.topics;
  if (options_.replayed != nullptr && reader.seen == book_->size()) return;
  if (number == book_->size() || book_->at(number) != payload || book_->topic_of(number) != topic) {
    ++outcome_.damaged;
    return;
  }
  Channel& channel = channels_[topic];
  if (reader.seen == channel.order.size()) agree_on(channel, number);
  if (reader.seen < channel.order.size() && channel.order[reader.seen] != number)
    ++outcome_.disordered;
  ++reader.seen;
  ++outcome_.deliveries;
  outcome_.last_delivery = outcome_.burst_end[number / book_->burst()] = received_at_;
  if (reader.seen == book_->payloads_of(topic)) ++satisfied_;
  if (number >= measure_from_ && !is_stopped(reader))
    outcome_.latency.add(received_at_ - book_->due(number));
}

void Audience::agree_on(Channel& channel, std::size_t number) {
  if (known_[number]) {
    ++outcome_.repeated;
    return;
  }
  std::int64_t& last = channel.last_of_lane[book_->lane_of(number, lanes_)];
  if (static_cast<std::int64_t>(number) < last) ++outcome_.disordered;
  last = static_cast<std::int64_t>(number);
  known_[number] = true;
  channel.order.push_back(static_cast<std::uint32_t>(number));
}

void Audience::lose(Reader& reader) {
  close(reader.fd);
  reader.fd = -1;
  const std::size_t at = number_of(reader);
  if (reader.greeted && awake_ && is_stopped(reader) && !last_id_[at].empty()) {
    ++outcome_.resumed;
    if (connect(at).ok()) return;
  }
  if (reader.seen < (book_ == nullptr ? 1 : book_->payloads_of(at % options_.topics)))
    ++outcome_.lost;
}

std::uint64_t Audience::missing() const {
  std::uint64_t missing = 0;
  for (const Reader& reader : readers_) {
    const std::size_t due = book_->payloads_of(number_of(reader) % options_.topics);
    missing += due - std::min<std::size_t>(reader.seen, due);
  }
  return missing;
}

}  // namespace devs
