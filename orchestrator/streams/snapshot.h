#pragma once

#include <utility>

#include "protocol/ids.h"
#include "trace/entry.h"
#include "trace/mutex.h"

namespace devs {

// A state folded from the log, with how far: what a component keeps that serves
// snapshots (streams 1.2).  Whoever takes (state, applied) and reads on from
// applied + 1 misses nothing and gets nothing twice.
//
// Thread-safe.
template <class State>
class Snapshot {
 public:
  struct Taken {
    State state;
    Sequence applied;
  };

  // `state` holds everything through `applied`.
  explicit Snapshot(State state = {}, Sequence applied = 0)
      : state_(std::move(state)), applied_(applied) {}

  // fold(State&, const Entry&), unless the entry is in it already.  Entries come in
  // order; not each need come: those that do not concern the state may be left out.
  template <class Fold>
  void apply(const Entry& entry, Fold&& fold) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (entry.sequence <= applied_) return;
    fold(state_, entry);
    applied_ = entry.sequence;
  }

  Taken take() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return {state_, applied_};
  }

 private:
  mutable Mutex mutex_;
  State state_ DEVS_GUARDED_BY(mutex_);
  Sequence applied_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
