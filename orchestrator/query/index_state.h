#pragma once

#include "orchestrator/store/sql.h"
#include "protocol/ids.h"
#include "protocol/result.h"

namespace devs {

// Through which entry the index has looked at the log.
inline Result<Sequence> indexed_through(SqlConnection& connection) {
  const auto through = connection.number("SELECT through FROM state");
  if (!through.ok()) return through.status();
  return static_cast<Sequence>(*through);
}

}  // namespace devs
