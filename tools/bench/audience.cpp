#include "tools/bench/audience.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace devs {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr int kEventsPerTurn = 512;
constexpr Nanos kHeadWithin = 30 * kSecond;
// A head says 200 before some servers have put the reader on their list.
constexpr Nanos kSettle = kSecond / 2;
constexpr std::string_view kData = "data: {";

}  // namespace

Result<std::unique_ptr<Audience>> Audience::open(const Endpoint& endpoint,
                                                 std::size_t readers) {
  std::unique_ptr<Audience> audience(new Audience);
  if (Status connected = audience->connect(endpoint, readers); !connected.ok())
    return connected;
  return audience;
}

Status Audience::connect(const Endpoint& endpoint, std::size_t readers) {
  buffer_.resize(kReadBytes);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  readers_.resize(readers);
  const std::string request = "GET " + endpoint.path +
                              " HTTP/1.1\r\nHost: " + endpoint.authority() +
                              "\r\nAccept: text/event-stream\r\n\r\n";
  for (Reader& reader : readers_) {
    const Result<int> fd = connect_to(endpoint);
    if (!fd.ok()) return fd.status();
    reader.fd = fd.value();
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;  // polled once per arrival, not twice
    event.data.ptr = &reader;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, reader.fd, &event);
    if (!send_all(reader.fd, request))
      return Status(Code::unavailable, "the server closed a reader's connection");
  }
  const Nanos until = now() + kHeadWithin;
  while (greeted_ < readers && outcome_.lost == 0 && now() < until) turn(kSecond / 10);
  if (greeted_ < readers)
    return Status(Code::unavailable, std::to_string(readers - greeted_) +
                                         " readers were not answered with 200");
  for (const Nanos settled = now() + kSettle; now() < settled;) turn(kSecond / 100);
  return {};
}

Audience::~Audience() {
  for (const Reader& reader : readers_)
    if (reader.fd >= 0) close(reader.fd);
  if (epoll_ >= 0) close(epoll_);
}

void Audience::expect(const PayloadBook& book, std::size_t lanes, std::size_t measure_from) {
  book_ = &book;
  lanes_ = lanes;
  measure_from_ = measure_from;
  order_.reserve(book.size());
  known_.assign(book.size(), false);
  last_of_lane_.assign(lanes, -1);
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
    more = bytes.size() == buffer_.size();
  }
}

// How many bytes are done with.
std::size_t Audience::consume(Reader& reader, std::string_view bytes) {
  if (!reader.greeted) {
    if (!bytes.starts_with("HTTP/1.1 200 ")) {
      lose(reader);
      return bytes.size();
    }
    reader.greeted = true;
    ++greeted_;
  }
  if (book_ == nullptr) return bytes.size();

  std::size_t at = 0;
  for (;;) {
    const void* hit =
        memmem(bytes.data() + at, bytes.size() - at, kData.data(), kData.size());
    if (hit == nullptr) return bytes.size() - std::min(bytes.size() - at, kData.size() - 1);
    const auto line = static_cast<std::size_t>(static_cast<const char*>(hit) - bytes.data());
    const std::string_view data = bytes.substr(line + kData.size() - 1);
    if (!data.starts_with(book_->mark().substr(0, data.size()))) {
      ++outcome_.foreign;
      at = line + kData.size();
      continue;
    }
    if (data.size() < book_->bytes()) return line;
    deliver(reader, data.substr(0, book_->bytes()));
    at = line + kData.size() - 1 + book_->bytes();
  }
}

void Audience::deliver(Reader& reader, std::string_view payload) {
  const std::size_t number = book_->number_in(payload);
  if (number == book_->size() || book_->at(number) != payload) {
    ++outcome_.damaged;
    return;
  }
  if (reader.seen == order_.size()) agree_on(number);
  if (reader.seen < order_.size() && order_[reader.seen] != number) ++outcome_.disordered;
  ++reader.seen;
  ++outcome_.deliveries;
  if (reader.seen == book_->size()) ++satisfied_;
  if (number >= measure_from_) outcome_.latency.add(received_at_ - book_->due(number));
}

void Audience::agree_on(std::size_t number) {
  if (known_[number]) {
    ++outcome_.repeated;
    return;
  }
  std::int64_t& last = last_of_lane_[number % lanes_];
  if (static_cast<std::int64_t>(number) < last) ++outcome_.disordered;
  last = static_cast<std::int64_t>(number);
  known_[number] = true;
  order_.push_back(static_cast<std::uint32_t>(number));
}

void Audience::lose(Reader& reader) {
  if (reader.seen < (book_ == nullptr ? 1 : book_->size())) ++outcome_.lost;
  close(reader.fd);
  reader.fd = -1;
}

std::uint64_t Audience::missing() const {
  std::uint64_t missing = 0;
  for (const Reader& reader : readers_)
    missing += book_->size() - std::min<std::size_t>(reader.seen, book_->size());
  return missing;
}

}  // namespace devs
