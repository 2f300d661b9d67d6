#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/latency.h"
#include "tools/bench/payload_book.h"

namespace devs {

// N readers of one SSE server, or of one WebSocket server, in one thread, cheap enough not
// to be what is measured: frames are found by their first bytes, not parsed.
//
// Reader i follows topic i modulo the book's topics.  Each payload is compared whole
// with what was published.  All readers of a topic must see the same order: the first
// to get its n-th payload decides what the n-th is, and that one order must hold every
// number of the topic once and be ascending per publisher's connection.
//
// The first `stopped` readers stop reading once expect() was called, until wake(): one
// that the server has closed meanwhile comes back with the last id it read.
//
// Confined to its thread.
class Audience {
 public:
  struct Options {
    std::size_t readers = 0;
    std::size_t topics = 1;
    std::size_t stopped = 0;
    // Reads a WebSocket, which pings and is not answered: for less than 45 s.
    bool websocket = false;
    // What is there already: expected from the first byte on, and nothing after it.
    const PayloadBook* replayed = nullptr;
  };
  struct Outcome {
    std::uint64_t deliveries = 0;
    std::uint64_t damaged = 0;     // ours by its beginning, not byte for byte
    std::uint64_t disordered = 0;  // other than what another reader got at this place
    std::uint64_t repeated = 0;
    std::uint64_t reads = 0;    // recv calls that brought bytes
    std::uint64_t foreign = 0;  // frames of the server's own
    std::size_t lost = 0;       // connections that ended and did not come back
    std::size_t resumed = 0;    // connections that ended and did
    Nanos last_delivery = 0;
    Nanos connecting = 0;  // all of them, to the last answer's head
    Latency latency;       // due to received, from the first measured number on; not of stopped
    std::vector<Nanos> burst_end;  // when the last delivery of each burst came
  };

  // Connects and returns once each reader got its answer's head and, unless it is a
  // replay, is subscribed.
  // `{topic}` in the endpoint's path is replaced by the name of the reader's topic.
  static Result<std::unique_ptr<Audience>> open(const Endpoint& endpoint, const Options& options);
  ~Audience();

  // What to expect; latency counts from number `measure_from`.
  void expect(const PayloadBook& book, std::size_t lanes, std::size_t measure_from);
  // One wait for bytes, `patience` at most, and all that came.
  void turn(Nanos patience);
  // The stopped readers read again.
  void wake();
  // All readers that read have all payloads, or are gone.
  bool done() const { return satisfied_ + outcome_.lost >= reading_; }
  // Payloads that readers still wait for.
  std::uint64_t missing() const;
  const Outcome& outcome() const { return outcome_; }

 private:
  struct Reader {
    int fd = -1;
    bool greeted = false;
    std::uint32_t seen = 0;
    std::string rest;  // bytes of an unfinished frame
  };
  // What all readers of one topic agree on.
  struct Channel {
    std::vector<std::uint32_t> order;
    std::vector<std::int64_t> last_of_lane;  // the newest number in `order`
  };

  Audience(const Endpoint& endpoint, const Options& options);
  Status connect_all();
  Status connect(std::size_t at);
  std::size_t number_of(const Reader& reader) const {
    return static_cast<std::size_t>(&reader - readers_.data());
  }
  bool is_stopped(const Reader& reader) const { return number_of(reader) < options_.stopped; }
  void receive(Reader& reader);
  std::size_t consume(Reader& reader, std::string_view bytes);
  void note_id(const Reader& reader, std::string_view before);
  void deliver(Reader& reader, std::string_view payload);
  void agree_on(Channel& channel, std::size_t number);
  void lose(Reader& reader);

  const Endpoint endpoint_;
  const Options options_;
  const std::string_view data_;  // before each payload, with its first byte
  int epoll_ = -1;
  std::vector<Reader> readers_;
  std::vector<std::string> last_id_;  // of those that may have to resume
  std::size_t reading_ = 0, greeted_ = 0, satisfied_ = 0;
  bool awake_ = false;
  std::vector<char> buffer_;
  Nanos received_at_ = 0;

  const PayloadBook* book_ = nullptr;
  std::size_t lanes_ = 1, measure_from_ = 0;
  std::vector<Channel> channels_;
  std::vector<bool> known_;  // by number: is in some channel's order
  Outcome outcome_;
};

}  // namespace devs
