#include "orchestrator/net/connection_table.h"

#include "orchestrator/net/connection.h"

namespace devs {

void WaitingLine::push(Connection& last) {
  last.line_ = this;
  last.before_ = last_;
  last.behind_ = nullptr;
  (last_ ? last_->behind_ : first_) = &last;
  last_ = &last;
}

void WaitingLine::remove(Connection& one) {
  (one.before_ ? one.before_->behind_ : first_) = one.behind_;
  (one.behind_ ? one.behind_->before_ : last_) = one.before_;
  one.line_ = nullptr;
}

ConnectionTable::ConnectionTable(Reactor& reactor, Metrics& metrics)
    : reactor_(reactor),
      connections_metric_(metrics.counter("http_connections")),
      streams_metric_(metrics.counter("http_streams")),
      in_hand_metric_(metrics.counter("http_requests_in_hand")),
      scratch_(std::make_unique<char[]>(kScratch)) {
  reactor_.at_turn_end(*this);
}

ConnectionTable::~ConnectionTable() {
  if (attached_) clear();
}

void ConnectionTable::clear() {
  each([](Connection& connection) { connection.end(); });
  dropped_.clear();
  reactor_.forget(*this);
  attached_ = false;
}

Connection& ConnectionTable::add(std::unique_ptr<Connection> connection) {
  std::uint32_t at = 0;
  if (free_.empty()) {
    at = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[at];
  ++slot.generation;
  connection->id_ = {at, slot.generation};
  if (!connection->address_key().empty()) ++addresses_[connection->address_key()];
  slot.connection = std::move(connection);
  ++connections_;
  connections_metric_.set(connections());
  return *slot.connection;
}

Connection* ConnectionTable::find(ConnectionId id) const {
  if (id.slot >= slots_.size() || slots_[id.slot].generation != id.generation) return nullptr;
  return slots_[id.slot].connection.get();
}

ConnectionId ConnectionTable::renew(ConnectionId id) {
  return {id.slot, ++slots_[id.slot].generation};
}

void ConnectionTable::drop(ConnectionId id) {
  Slot& slot = slots_[id.slot];
  const std::string& key = slot.connection->address_key();
  if (!key.empty())
    if (const auto found = addresses_.find(key); --found->second == 0) addresses_.erase(found);
  dropped_.push_back(std::move(slot.connection));
  ++slot.generation;
  free_.push_back(id.slot);
  --connections_;
  connections_metric_.set(connections());
}

void ConnectionTable::wake(ConnectionId id) {
  Connection* const connection = find(id);
  if (!connection || connection->woken_) return;
  connection->woken_ = true;
  woken_.push_back(id.slot);
}

// Only those woken before: who wakes itself again has had its share of this turn.
bool ConnectionTable::on_turn_end() {
  waking_.swap(woken_);
  for (const std::uint32_t slot : waking_) {
    Connection* const connection = slots_[slot].connection.get();
    if (!connection || !connection->woken_) continue;
    connection->woken_ = false;
    connection->on_wake();
  }
  waking_.clear();
  std::vector<std::unique_ptr<Connection>> dying;
  dying.swap(dropped_);
  return !woken_.empty();
}

bool ConnectionTable::address_full(const std::string& key, std::size_t max) const {
  if (key.empty()) return false;
  const auto found = addresses_.find(key);
  return found != addresses_.end() && found->second >= max;
}

void ConnectionTable::count_stream(int by) {
  streams_ += static_cast<std::size_t>(by);
  streams_metric_.set(streams());
}

void ConnectionTable::count_in_hand(int by) {
  in_hand_ += static_cast<std::size_t>(by);
  in_hand_metric_.set(in_hand());
}

std::size_t StreamLine::bytes_sent() const {
  const Connection* const connection = table_ ? table_->find(id_) : nullptr;
  return connection ? connection->body_bytes_sent() : 0;
}

TimePoint StreamLine::last_taken() const {
  const Connection* const connection = table_ ? table_->find(id_) : nullptr;
  return connection ? connection->waiting_since() : TimePoint{};
}

void StreamLine::close() {
  if (Connection* const connection = table_ ? table_->find(id_) : nullptr)
    connection->close_stream();
}

void StreamLine::wake() {
  if (table_) table_->wake(id_);
}

}  // namespace devs
