#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/http_message.h"
#include "protocol/ids.h"
#include "trace/clock.h"

namespace devs {

class Reactor;
class ConnectionTable;

// The address of a connection: never a pointer, so that it cannot dangle.
struct ConnectionId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  bool operator==(const ConnectionId&) const = default;
};

// Where a frame ends, and how far in the log a client is that got everything up to it.
struct FrameEnd {
  Sequence sequence;
  std::size_t offset;
};

// Ready-made bytes, shared by every reader that is sent the same ones.
struct FrameSlice {
  std::shared_ptr<const std::string> bytes;
  std::size_t from = 0;
  std::size_t size = 0;
  // Of all frames in `bytes`, which holds them too; null: the slice is one frame.
  const std::vector<FrameEnd>* ends = nullptr;
};

// What a provider holds of its connection.  Confined to the reactor; a line
// whose connection is gone does nothing.
class StreamLine {
 public:
  StreamLine() = default;
  StreamLine(ConnectionTable* table, ConnectionId id) : table_(table), id_(id) {}
  void wake();  // something is there: pull() will be called, in this turn or the next
  // Ends the stream now: last_words() if they fit, no waiting for a slow peer.  The
  // provider is told `shutdown` and destroyed before this returns.
  void close();
  std::size_t bytes_sent() const;  // of the body, so far
  // When the peer last took bytes.  REQUIRES: some wait for it.
  TimePoint last_taken() const;
  ConnectionId id() const { return id_; }

 private:
  ConnectionTable* table_ = nullptr;
  ConnectionId id_;
};

// Where the bytes of one open stream come from: a pull interface, cursor in,
// ready-made frames out.  Holds no queue on behalf of a slow peer: the
// connection pulls again only when the socket has taken what it was given.
//
// Made on an http worker, moved to the reactor, confined to it from attached() on,
// destroyed there.  Does not throw.
class SseProvider {
 public:
  enum class Next { more, idle, ended };
  enum class Gone { peer, stalled, shutdown, error };

  virtual ~SseProvider() = default;

  // The head is in the write queue.  `chunked`: frames must be HTTP/1.1 chunks
  // (each slice whole chunks); otherwise bare (HTTP/1.0 peer, or a protocol of its own).
  virtual void attached(StreamLine line, bool chunked) = 0;

  // Appends slices of about `max_bytes` (always whole frames).  `more`: call
  // again when those are sent.  `idle`: nothing now; wake() will come.  `ended`:
  // these are the last; the connection writes the last chunk, if it chunks, and closes.
  virtual Next pull(std::vector<FrameSlice>& out, std::size_t max_bytes) = 0;

  // What the peer said beside its request; only a peer that was answered 101 may.  It
  // may wake its line, not close it.  False: the connection ends, `error`.
  virtual bool received(std::string_view bytes) {
    static_cast<void>(bytes);
    return false;
  }

  // The stream ends early: the peer took no byte for the stall time while something
  // was due, or close() was called.  A last frame (chunked if asked so in attached),
  // sent behind the frame that was being sent if the socket takes both.  `sent`: where
  // that one ends, or the one sent last; null: everything was sent, or nothing of the
  // last pull's frames with an end.  Empty: nothing to say.
  virtual std::string last_words(const FrameEnd* sent) {
    static_cast<void>(sent);
    return {};
  }

  // The connection is gone; nothing is pulled after this.  Called once, unless
  // pull() answered `ended` and everything was sent.
  virtual void detached(Gone why) = 0;
};

// The connection becomes a stream: its head, and who feeds it.
struct StreamStart {
  // Status 200, text/event-stream, Cache-Control and more as the profile says;
  // transfer framing and the standing headers are added by the connection.  Status 101:
  // from the next byte on both sides speak the protocol that its `Upgrade` names, the
  // bytes pulled are its bytes, and FIN alone is no hanging up before they are sent.
  HttpAnswer head;
  std::unique_ptr<SseProvider> provider;
};

}  // namespace devs
