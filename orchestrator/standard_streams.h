#pragma once

#include "orchestrator/net/byte_pipe.h"

namespace devs {

// What MCP over stdio speaks through.
struct StandardStreams {
  BytePipe in, out;
};
// Takes stdin and stdout away from everybody else in this process: 0 then reads nothing, and 1
// is stderr, so that whoever prints, now or later, does not end up among the messages.
StandardStreams take_standard_streams();

// A descriptor that is closed at start would be given to the next file opened, and
// what is printed would land in the log.
void fill_standard_descriptors();

}  // namespace devs
