#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "orchestrator/store/sql.h"

namespace devs {

// One kind of SQLite file that the house keeps beside its log.
struct OwnDatabase {
  std::int64_t application_id;  // so that a file of somebody else is not taken for ours
  std::int64_t format;
  const char* schema;    // of an empty one, statements each ended by ';'
  const char* mismatch;  // "is no graph of this version"
};

// Opens it for writing, made if it is not there, for its owner's eyes alone; an empty path
// is one in memory.  WAL, synchronous=NORMAL: a power cut may take the last commits, never
// the file.  data_loss: damaged, or of another kind or format.
Result<std::unique_ptr<SqlConnection>> open_own_database(const std::filesystem::path& file,
                                                         const OwnDatabase& kind);

}  // namespace devs
