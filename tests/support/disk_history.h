#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace devs {

using Random = std::mt19937_64;

// What lies on a disk at rest.
struct DiskImage {
  std::map<std::string, std::string> files;  // by path
  std::set<std::string> directories;
};

// One thing a program did to a disk.
struct DiskOperation {
  enum class Kind {
    make_directory,
    create,
    append,
    truncate,
    sync,
    lost_sync,
    rename,
    remove,
    sync_directory
  };
  Kind kind = Kind::sync;
  std::size_t file = 0;    // files of the image are numbered in its order, new ones after them
  std::string path = {};   // of names and directories
  std::string to = {};     // renamed to
  std::string bytes = {};  // appended
  std::uint64_t size = 0;  // truncated to
};

// A disk at rest, and what was done to it since.
struct DiskHistory {
  DiskImage before;
  std::vector<DiskOperation> operations;
};

// The program was killed after it began the first `begun` operations: all of them
// happened, but for the end of the last one when that is an append (none was in flight
// when `begun` is more than there are).  Nothing is at rest: the power may still fail.
DiskHistory after_kill(const DiskHistory& history, std::size_t begun, Random& random);

// The power failed there, and the last one may not have come to its end.  What was not synced may
// be gone, each in its own way:
//
//   bytes   of a file: any number of the appends and truncates since its last sync is
//           missing, later ones before earlier ones; the first missing append may be
//           torn, at a sector or anywhere, or leave zeros where its sectors should be.
//           Rarely all sizes are right and any of the unsynced sectors are zeros.
//   names   in a directory: any of the creates, renames, removes since its last sync
//           is missing, each for itself, but a later one about the same name (or in a
//           new directory) only happened after the earlier one.  A rename from one
//           directory to another is safe when both were synced.
//
// A sync that failed dropped what it should have stored: those bytes are zeros, also
// after a later sync that succeeds.
DiskImage after_power_cut(const DiskHistory& history, std::size_t begun, Random& random);

}  // namespace devs
