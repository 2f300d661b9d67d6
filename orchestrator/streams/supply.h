#pragma once

namespace devs {

// What a reader got when it asked for its next frames.
enum class Supply {
  frames,   // some
  at_head,  // nothing is due; the reader waits in its group
  later,    // being fetched, or not its time yet; the reader will be woken
  over      // it has had everything it wanted
};

}  // namespace devs
