#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/net/load_level.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/sse_provider.h"

namespace devs {

class Connection;
struct FrontShared;

// Connections in the order in which they came to wait; intrusive, so that waiting
// costs no memory.
class WaitingLine {
 public:
  void push(Connection& last);
  void remove(Connection& one);
  Connection* first() const { return first_; }

 private:
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
};

// The connections of one front: slots with generations, so that an id never
// dangles and never means two exchanges; the woken ones; the counts.
//
// Confined to the reactor, but for the counts.
class ConnectionTable final : public Reactor::TurnEnd {
 public:
  explicit ConnectionTable(Reactor& reactor, Metrics& metrics);
  ~ConnectionTable() override;
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // Ends every connection and lets go of the reactor; the owner's last call.
  void clear();

  Connection& add(std::unique_ptr<Connection> connection);
  Connection* find(ConnectionId id) const;
  // A new exchange: answers to the one before find nobody.
  ConnectionId renew(ConnectionId id);
  // The object lives until the turn ends: it may be somewhere up the stack.
  void drop(ConnectionId id);

  // O(1), any number of times: the connection is looked after once, at the end of
  // this turn.
  void wake(ConnectionId id);
  bool on_turn_end() override;

  template <class F>
  void each(F f) const {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].connection) f(*slots_[i].connection);
  }
  bool empty() const { return connections_.load() == 0; }

  // One address may hold so many; `key` empty: not counted (loopback).
  bool address_full(const std::string& key, std::size_t max) const;

  // Counts, any thread.
  std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }
  std::size_t streams() const { return streams_.load(std::memory_order_relaxed); }
  std::size_t in_hand() const { return in_hand_.load(std::memory_order_relaxed); }
  void count_stream(int by);
  void count_in_hand(int by);

  // One scratch for all reads, and one for all pulls of streams.
  static constexpr std::size_t kScratch = 65'536;
  char* scratch() { return scratch_.get(); }
  std::vector<FrameSlice>& slices() { return slices_; }

  WaitingLine parked;
  WaitingLine heads;

 private:
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::uint32_t generation = 0;
  };

  Reactor& reactor_;
  bool attached_ = true;
  Counter& connections_metric_;
  Counter& streams_metric_;
  Counter& in_hand_metric_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::unique_ptr<Connection>> dropped_;
  std::vector<std::uint32_t> woken_;   // slots: ids are renewed in between
  std::vector<std::uint32_t> waking_;  // kept for its capacity
  std::unordered_map<std::string, std::size_t> addresses_;
  const std::unique_ptr<char[]> scratch_;
  std::vector<FrameSlice> slices_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> streams_{0};
  std::atomic<std::size_t> in_hand_{0};
};

}  // namespace devs
