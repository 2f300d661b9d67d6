#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace devs {

// Kills a real writer with SIGKILL again and again, at a random microsecond, and judges
// a copy of what it leaves, so that the mending of one life is cut short by the next kill.
//  The law, over all lives of one directory:
//
//   every entry the writer said was visible is there: whole, in order, once, with its topics;
//   an entry it said nothing of is whole or absent, and nothing foreign is there;
//   a sequence that was ever visible, or found after a kill, never means something else;
//   the epoch stays, nothing is lost, and `trace verify` has no complaint.
struct KillRounds {
  std::filesystem::path writer;  // the program crash_writer
  unsigned iterations = 50;      // kills
  std::uint64_t seed = 1;
  bool tell = false;  // a line for every hundred kills on stdout
};

struct KillReport {
  std::string fault;  // empty: the law held
  unsigned kills = 0, while_opening = 0, with_torn_tail = 0;
  std::uint64_t acknowledged = 0, stored = 0, segments = 0;
};

KillReport run(const KillRounds& rounds);

}  // namespace devs
