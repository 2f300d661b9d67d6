#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/channels/channel_key.h"
#include "orchestrator/channels/channel_state.h"
#include "orchestrator/net/principal.h"
#include "trace/clock.h"
#include "trace/mutex.h"
#include "trace/stored_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Says things in channels, and keeps account of what was said (streams 7).
//
// Every event of a channel is an entry of the one log.  One is told at a time, from the
// look at what the channel has come to, over the bus, to the fold of what it is now: so
// nothing follows `complete`, and turns count without a gap.  After a start the account is
// made again from the log, from what channel_draft() made: an entry that a host put on the
// topic itself is shown to who listens, and counts at no time.
//
// A channel belongs to whoever spoke first; to others without the operator role it does
// not exist.
//
// Bounded: beyond max_channels or max_bytes the account of a channel is closed, of one
// that is completed if there is one, of the one that was silent longest otherwise.  Its
// entries stay in the log; what is said there again begins at turn 1.
//
// Thread-safe; waits for no disk and no reader.
class ChannelBook {
 public:
  struct Options {
    bool require_existing = false;  // true: only channels that were created
    std::size_t max_channels = 10'000;
    std::size_t max_bytes = 64u << 20u;  // of all accounts, about
  };

  // REQUIRES: all outlive this.
  ChannelBook(Options options, TraceStreamBus& bus, const Clock& clock);
  ChannelBook(const ChannelBook&) = delete;
  ChannelBook& operator=(const ChannelBook&) = delete;

  // An entry that was stored before this server began.  REQUIRES: in order, before anything
  // is told.
  void read(const StoredLine& line) DEVS_EXCLUDES(mutex_);

  bool require_existing() const { return options_.require_existing; }

  // Why something was not said.
  enum class Refusal { none, unknown, exists, completed, wrong_state, bus };
  struct Told {
    Refusal refusal = Refusal::none;
    Status bus = {};        // its reason
    Sequence sequence = 0;  // visible once it is stored
  };
  // `data` as created_data() makes it.
  Told create(const ChannelKey& key, std::string_view data, const Principal& who)
      DEVS_EXCLUDES(mutex_);
  // An event that check_channel_event() let pass.  The channel comes to be by it, unless
  // it has to exist, or require_existing says so.
  enum class MustExist : bool { no, yes };
  Told tell(const ChannelKey& key, std::string_view event, std::string_view data,
            const Principal& who, MustExist must_exist = MustExist::no) DEVS_EXCLUDES(mutex_);

  // What the log through `applied` says of it; no state: nothing, or another's.
  struct Picture {
    std::optional<ChannelState> state = std::nullopt;
    Sequence applied = 0;
  };
  Picture look(const ChannelKey& key, const Principal& who) const DEVS_EXCLUDES(mutex_);

  std::size_t channels() const DEVS_EXCLUDES(mutex_);

 private:
  // Whoever has it tells alone, and may do so without the lock.
  class Floor;

  const ChannelState* find(const ChannelKey& key) const DEVS_REQUIRES(mutex_);
  void fold(const ChannelKey& key, std::string_view owner, const ChannelState::Said& said,
            Sequence visible) DEVS_EXCLUDES(mutex_);
  void close_some() DEVS_REQUIRES(mutex_);
  Told say(const ChannelKey& key, std::string_view event, std::string_view data,
           const std::string& owner, std::uint64_t turn, bool is_new) DEVS_EXCLUDES(mutex_);

  const Options options_;
  TraceStreamBus& bus_;
  const Clock& clock_;

  mutable Mutex mutex_;
  mutable CondVar free_;
  mutable bool taken_ DEVS_GUARDED_BY(mutex_) = false;  // the floor
  std::map<ChannelKey, ChannelState> states_ DEVS_GUARDED_BY(mutex_);
  std::size_t bytes_ DEVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace devs
