#pragma once

#include <compare>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/mcp/session.h"
#include "trace/mutex.h"

namespace devs {

// Requests of the legacy era that run outside any session, so that their client can cancel
// them all the same: by who sent them, and their id.  Thread-safe; outlives its places.
class LooseCalls {
 public:
  struct Key {
    std::string principal;
    const void* pipe = nullptr;  // the client's own connection, where it has one (stdio)
    std::string request;         // see request_key()
    auto operator<=>(const Key&) const = default;
  };

 private:
  using Calls = std::multimap<Key, RunningCallPtr>;

 public:
  // One request's entry, as long as this lives.
  class Place {
   public:
    Place(LooseCalls& calls, Calls::iterator at) : calls_(calls), at_(at) {}
    ~Place() { calls_.erase(at_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    LooseCalls& calls_;
    const Calls::iterator at_;
  };
  using PlacePtr = std::unique_ptr<Place>;

  PlacePtr add(Key key, RunningCallPtr call) DEVS_EXCLUDES(mutex_);
  // Null when there is none, or more than one: then nobody can say which is meant.
  RunningCallPtr find(const Key& key) const DEVS_EXCLUDES(mutex_);
  // All of one connection.
  std::vector<RunningCallPtr> of(const void* pipe) const DEVS_EXCLUDES(mutex_);

 private:
  void erase(Calls::iterator at) DEVS_EXCLUDES(mutex_);

  mutable Mutex mutex_;
  Calls calls_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
