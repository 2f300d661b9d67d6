#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/ids.h"
#include "tests/orchestrator/streams/model_entry.h"

namespace devs {

// What happened to a house, once it is over: what readers may have got.
struct ModelStory {
  std::string epoch;
  std::map<Sequence, ModelEntry> entries;  // dense from 1
  std::set<Sequence> kept;                 // found in its files at the end
  Sequence first_refused = 0;  // a disk that refuses lost nothing before it; 0: it never did
  std::vector<std::pair<Sequence, Sequence>> damaged;  // stretches with a flipped byte

  Sequence last() const { return entries.empty() ? 0 : entries.rbegin()->first; }
  bool may_be_lost(Sequence n) const {
    return first_refused > 0 && n >= first_refused && !kept.contains(n);
  }
};

// One connection of one reader: what it asked for, what was known then, what came.
struct ModelLife {
  // Asked.
  std::string request;  // for whoever reads of a fault
  ModelWish wish;
  bool replay = false;
  std::optional<Sequence> from, to;  // of a replay
  std::optional<std::string> id;     // as sent, header before query; nullopt: none
  bool id_twice = false;             // two headers
  bool earliest = false;             // `?lastEventId=earliest`

  // Known when it connected, and when its head had come.
  Sequence head_before = 0, last_after = 0;
  Sequence gone_before = 0;    // no file held anything up to here any more
  Sequence expired_after = 0;  // written down as expired

  // Came.
  int status = 0;
  std::string head_id;  // X-Head-Event-Id
  std::string body;
  struct Change {
    Sequence seen;  // newest id that had come when it was asked for
    std::string from;
    std::set<std::string> topics;
  };
  std::vector<Change> changes;
  std::vector<Sequence> expired_at_gap;  // when the n-th `gap` had come

  // How it ended.
  bool ended = false;     // by the house
  bool finished = false;  // with a last chunk
  // The clock moved and it took nothing.  Not "by 30 s": after it has read all there
  // is the kernel may still hold up the rest for 40 ms, and the clock is faster.
  bool waited_long = false;
  bool thrown_out = false;    // an operator ended it
  bool house_closed = false;  // the house did
};

// How far retention went, as `trace.meta` in `dir` has it: written down before anything
// is deleted.
Sequence expired_through(const std::filesystem::path& dir);

// What is wrong with it; empty: nothing.
//
// Holds each life to the law of every stream: what is delivered and what is declared
// lost are together everything that matches, once, in order, in the bytes that were
// published; lost is only what is gone; resets come exactly when streams.md 1.2 says.
std::string judge(const ModelLife& life, const ModelStory& story);

}  // namespace devs
