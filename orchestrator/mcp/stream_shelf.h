#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/mcp/progress_rate.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/sse_provider.h"
#include "protocol/result.h"
#include "trace/mutex.h"

namespace devs {

// The streams of one session: what was said on each, who reads it, and what is
// kept for a reader that lost its connection.
//
// A message gets the next number of its stream and is kept, oldest out, within
// kept_bytes and kept_messages of the whole session.  A reader that comes back
// with `<stream>-<n>` gets what follows n, once, then what comes live; what is no
// longer kept is refused, never skipped in silence.
//
// What waits for a slow reader is bounded too: beyond unsent_bytes or
// unsent_messages, and beyond the rate, progress is one slot that
// holds the newest.  One message may wait whatever its size; answers are never dropped.
//
// Thread-safe.  Producers wake their reader through its reactor.
class StreamShelf {
 public:
  // Nobody is sent away for longer: the answer is kept no longer than its session.
  static constexpr std::chrono::milliseconds kMaxRetry{60'000};

  struct Options {
    bool resumable = true;  // numbers its messages and keeps them
    bool prime = false;     // an answer stream begins with an empty event (from 2025-11-25)
    std::size_t kept_bytes = 1u << 20u;
    std::size_t kept_messages = 1'000;
    std::size_t unsent_bytes = 256u << 10u;
    std::size_t unsent_messages = 1'000;
  };
  // One reader of one stream.  A stream has at most one; the next one replaces it.
  struct Reading {
    std::uint64_t stream = 0;
    std::uint64_t reader = 0;
    bool operator==(const Reading&) const = default;
  };

  StreamShelf(Options options, Reactor& reactor) : options_(options), reactor_(reactor) {}
  StreamShelf(const StreamShelf&) = delete;
  StreamShelf& operator=(const StreamShelf&) = delete;

  // --- producers ---

  // A stream for one answer, with its first reader expected.
  Reading open(std::string progress_token) DEVS_EXCLUDES(mutex_);
  // Fields of a progress notification; values that do not grow are dropped.
  void progress(std::uint64_t stream, std::string_view fields) DEVS_EXCLUDES(mutex_);
  // Any other message of an answer stream, in its place.  False: not taken.
  struct Terms {
    bool droppable = false;  // a log: not when too much waits unsent
    bool once = false;       // a change: not while the same waits unsent
  };
  bool send(std::uint64_t stream, std::string_view message, Terms terms) DEVS_EXCLUDES(mutex_);
  // The same on the standalone stream, where nothing is owed: false too when nobody reads
  // it, or when too much waits unsent.
  bool send_standalone(std::string_view message, Terms terms) DEVS_EXCLUDES(mutex_);
  // Whether readers of an answer can be sent away, to come back for the rest: they know an id
  // from the first event on.
  bool may_part() const { return options_.resumable && options_.prime; }
  // The reader of an answer stream is told `retry` and sees its connection end; what is said
  // from now on waits, kept, for one that comes back.  REQUIRES: may_part().
  void part(std::uint64_t stream, std::chrono::milliseconds retry) DEVS_EXCLUDES(mutex_);
  // The response: the last message; the stream ends after it.
  void finish(std::uint64_t stream, std::string_view message) DEVS_EXCLUDES(mutex_);
  // Ends without a response, after what its reader has not taken yet (that its questions are
  // cancelled, say); nobody can come back to it.
  void abandon(std::uint64_t stream) DEVS_EXCLUDES(mutex_);
  // A notification on the standalone stream; one that still waits is enough.
  // False when nobody reads it.
  bool announce(std::string_view message) DEVS_EXCLUDES(mutex_);
  // The standalone stream ends, with a `retry:` line first unless 0, and there
  // will be no other.  Answers that are owed still come.  Idempotent.
  void close(unsigned retry_ms) DEVS_EXCLUDES(mutex_);

  // --- readers ---

  // The standalone stream (GET): a new one, unless somebody reads it.
  std::optional<Reading> open_standalone() DEVS_EXCLUDES(mutex_);
  // `<stream>-<n>`.  invalid_argument: malformed, unknown, or no longer kept.
  // unavailable: the standalone stream, and somebody reads it, or it ended.
  Result<Reading> resume(std::string_view last_event_id) DEVS_EXCLUDES(mutex_);

  void attached(Reading reading, StreamLine line) DEVS_EXCLUDES(mutex_);
  struct Taken {
    std::string text;  // whole frames
    bool ended = false;
    bool more = false;                    // max_bytes stopped it
    std::optional<TimePoint> look_again;  // progress waits for its rate
  };
  Taken take(Reading reading, std::size_t max_bytes) DEVS_EXCLUDES(mutex_);
  void detached(Reading reading) DEVS_EXCLUDES(mutex_);  // idempotent

  std::size_t readers() const { return readers_; }
  std::size_t kept_bytes() const DEVS_EXCLUDES(mutex_);
  std::size_t kept_messages() const DEVS_EXCLUDES(mutex_);
  std::size_t streams() const DEVS_EXCLUDES(mutex_);

 private:
  using Frame = std::shared_ptr<const std::string>;
  struct Kept {
    std::uint64_t stream = 0;
    std::uint64_t number = 0;
    Frame frame;
  };
  struct Stream {
    std::uint64_t next = 1;  // number of its next message
    std::uint64_t lost = 0;  // up to here nothing is kept
    std::size_t kept = 0;
    std::uint64_t reader = 0;  // who reads; earlier ones are told that it ended
    bool reading = false;      // somebody does, or is about to
    bool parting = false;      // but only what is unsent: it was sent away
    bool is_standalone = false;
    bool ended = false;
    bool announced = false;  // a notification waits unsent
    bool wake_posted = false;
    std::optional<StreamLine> line;  // once the reader has its connection
    std::list<Frame> unsent;         // an empty deque holds 600 bytes, and most are empty
    std::size_t unsent_bytes = 0;
    std::string progress_token;
    std::string held;  // the newest progress message that may not go yet
    ProgressRate rate;
  };
  using Streams = std::map<std::uint64_t, Stream>;

  void say(std::uint64_t number, Stream& stream, std::string_view message) DEVS_REQUIRES(mutex_);
  bool send(std::uint64_t number, Stream& stream, std::string_view message, Terms terms)
      DEVS_REQUIRES(mutex_);
  bool has_room(const Stream& stream, std::string_view message) const DEVS_REQUIRES(mutex_);
  void queue(Stream& stream, Frame frame) DEVS_REQUIRES(mutex_);
  void queue_retry(Stream& stream, unsigned retry_ms) DEVS_REQUIRES(mutex_);
  void forget_oldest() DEVS_REQUIRES(mutex_);
  void forget_if_over(Streams::iterator at) DEVS_REQUIRES(mutex_);
  std::optional<StreamLine> wake(Stream& stream) DEVS_REQUIRES(mutex_);
  Reading read_by_next(std::uint64_t number, Stream& stream) DEVS_REQUIRES(mutex_);
  void post_wake(std::optional<StreamLine> line);

  const Options options_;
  Reactor& reactor_;
  std::atomic<std::size_t> readers_{0};

  mutable Mutex mutex_;
  Streams streams_ DEVS_GUARDED_BY(mutex_);
  std::uint64_t last_stream_ DEVS_GUARDED_BY(mutex_) = 0;
  std::uint64_t standalone_ DEVS_GUARDED_BY(mutex_) = 0;  // 0: none
  std::deque<Kept> kept_ DEVS_GUARDED_BY(mutex_);
  std::size_t kept_bytes_ DEVS_GUARDED_BY(mutex_) = 0;
  bool closed_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
