#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "orchestrator/channels/channel_state.h"
#include "trace/stored_log.h"
#include "trace/trace_stream_bus.h"

namespace devs {

// Where what was said is read again: the ring, past it the log.
struct ChannelTexts {
  const TraceStreamBus& bus;
  const StoredLog& log;

  // on_turn(turn, entry) for each of these, in order, until it answers false; what cannot
  // be had any more is left out.  Reads files: not for a reactor.
  using Turns = std::deque<ChannelState::Turn>;
  using OnTurn = std::function<bool(const ChannelState::Turn&, const Entry&)>;
  void read(Turns::const_iterator from, Turns::const_iterator to, const OnTurn& on_turn) const;
};

}  // namespace devs
