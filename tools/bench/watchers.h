#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"
#include "tools/bench/endpoint.h"
#include "tools/bench/latency.h"

namespace devs {

// Readers of any stream of ours, in one thread: they know a frame by its blank line, or as a
// WebSocket's, whose pings they answer; an event by the mark (marked_text.h) its publisher
// put into it, and a heartbeat by its text.  An event that shows a mark in several frames is
// told at the first of them.
//
// Confined to its thread.
class Watchers {
 public:
  struct Options {
    std::string token;      // sent as a bearer; empty: none
    std::string heartbeat;  // what a heartbeat holds; empty: they are not watched
    Nanos period = 0;       // between two of them
    bool websocket = false;
  };
  // One event at one reader.
  struct Sight {
    Nanos due = 0;       // by its mark
    Nanos received = 0;  // on the clock of now()
    Nanos stamped = 0;   // `"timestamp":"<ISO>"` behind the mark, on that clock; 0: none
  };
  using OnSight = std::function<void(const Sight&)>;

  Watchers(Endpoint endpoint, Options options);
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  // One reader after the other, each once the one before has its first frame.
  Status connect(std::size_t readers);
  // Another `readers`, of `path`, which read their first frame and nothing after it.
  Status connect_stalled(std::size_t readers, const std::string& path);
  // They are gone.  Of what the others got meanwhile, the largest share any of them took
  // into its socket: 1 means that it was never stalled.
  double drop_stalled();

  // One wait for bytes, `patience` at most, and all that came.
  void turn(Nanos patience, const OnSight& on_sight);

  std::size_t lost() const { return lost_; }  // ended, or were not answered
  std::uint64_t beats() const { return beats_; }
  const Latency& connecting() const { return connecting_; }  // connect() to the first frame
  const Latency& jitter() const { return jitter_; }          // of heartbeats, beside their period

 private:
  struct Reader {
    int fd = -1;
    std::string rest;  // of an unfinished frame
    Nanos last_due = 0;
    Nanos last_beat = 0;  // or when it connected
    std::uint64_t bytes = 0;
  };
  struct Frame {
    std::string_view text;
    bool is_ping = false;
  };
  // The frame that begins at `at`, which moves behind it; nullopt: it is not whole yet.
  std::optional<Frame> next_frame(std::string_view bytes, std::size_t& at) const;
  Result<Reader> open(const std::string& path, int receive_buffer);
  void take(Reader& reader, std::string_view frame, Nanos received, const OnSight& on_sight);

  const Endpoint endpoint_;
  const Options options_;
  int epoll_ = -1;
  std::map<int, Reader> readers_;  // by descriptor
  std::vector<Reader> stalled_;
  std::uint64_t bytes_at_stall_ = 0;  // of one of the others
  std::size_t lost_ = 0;
  std::uint64_t beats_ = 0;
  Latency connecting_, jitter_;
};

}  // namespace devs
