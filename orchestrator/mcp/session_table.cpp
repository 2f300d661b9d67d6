#include "orchestrator/mcp/session_table.h"

#include <utility>

namespace devs {

Status SessionTable::add(SessionPtr session, SessionPtr& evicted) {
  const Session::Identity& who = session->identity();
  MutexLock lock(mutex_);
  const auto own = by_principal_.find(who.principal);
  if (own != by_principal_.end() && own->second.size() >= options_.max_per_principal) {
    evicted = evict_from(own->second);
    if (!evicted) return Status(Code::resource_exhausted, "every session is in use");
  } else if (rows_.size() >= options_.max_sessions) {
    evicted = evict_from(all_);
    if (!evicted) return Status(Code::resource_exhausted, "every session is in use");
  }
  Order& mine = by_principal_[who.principal];
  Row& row = rows_[who.id];
  row.session = std::move(session);
  row.in_all = all_.insert(all_.end(), &row);
  row.in_own = mine.insert(mine.end(), &row);
  return {};
}

SessionPtr SessionTable::find(std::string_view principal, std::string_view id, TimePoint now) {
  MutexLock lock(mutex_);
  Row* row = row_of(principal, id);
  if (row == nullptr) return nullptr;
  row->session->touch(now);
  move_to_end(*row);
  return row->session;
}

SessionPtr SessionTable::take(std::string_view principal, std::string_view id) {
  MutexLock lock(mutex_);
  Row* row = row_of(principal, id);
  return row == nullptr ? nullptr : erase(*row);
}

std::vector<SessionPtr> SessionTable::take_expired(TimePoint now) {
  std::vector<SessionPtr> expired;
  MutexLock lock(mutex_);
  for (auto at = all_.begin(); at != all_.end();) {
    Row& row = **at++;
    const Session& session = *row.session;
    if (session.held() || session.calls() != 0) continue;
    const auto limit =
        session.streams()->readers() != 0 ? options_.idle_with_stream : options_.idle;
    if (now - session.last_used() >= limit) expired.push_back(erase(row));
  }
  return expired;
}

std::vector<SessionPtr> SessionTable::take_all() {
  std::vector<SessionPtr> all;
  MutexLock lock(mutex_);
  while (!all_.empty()) all.push_back(erase(*all_.front()));
  return all;
}

std::vector<SessionPtr> SessionTable::all() const {
  std::vector<SessionPtr> all;
  MutexLock lock(mutex_);
  all.reserve(all_.size());
  for (const Row* row : all_) all.push_back(row->session);
  return all;
}

std::size_t SessionTable::size() const {
  MutexLock lock(mutex_);
  return rows_.size();
}

SessionTable::Row* SessionTable::row_of(std::string_view principal, std::string_view id) {
  const auto found = rows_.find(id);
  if (found == rows_.end()) return nullptr;
  return found->second.session->identity().principal == principal ? &found->second : nullptr;
}

void SessionTable::move_to_end(Row& row) {
  all_.splice(all_.end(), all_, row.in_all);
  Order& own = by_principal_[row.session->identity().principal];
  own.splice(own.end(), own, row.in_own);
}

SessionPtr SessionTable::erase(Row& row) {
  SessionPtr session = std::move(row.session);
  const Session::Identity& who = session->identity();
  all_.erase(row.in_all);
  const auto own = by_principal_.find(who.principal);
  own->second.erase(row.in_own);
  if (own->second.empty()) by_principal_.erase(own);
  rows_.erase(who.id);
  return session;
}

// The longest unused that is not busy.  Busy ones on the way are in use now, so
// they go to the end: each is looked at once per use, however long the list is.
SessionPtr SessionTable::evict_from(Order& order) {
  for (std::size_t left = order.size(); left > 0; --left) {
    Row& row = *order.front();
    if (!row.session->busy()) return erase(row);
    move_to_end(row);
  }
  return nullptr;
}

}  // namespace devs
