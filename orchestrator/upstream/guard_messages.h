#pragma once

// What the orchestrator and the child guard say to each other over the lifeline,
// a SOCK_SEQPACKET pair: one message per packet, plain text.
namespace devs::guard {

// Where the guard finds its end of the lifeline; 0, 1 and 2 are the server's.
inline constexpr int kLifelineFd = 3;

// --- guard to orchestrator ---
//   started <pid>          the server runs, as leader of its own group
//   failed <step> <errno>  it does not: step is fork, chdir or exec
//   exited <status>        it ended; status as of waitpid()
inline constexpr char kStarted[] = "started";
inline constexpr char kFailed[] = "failed";
inline constexpr char kExited[] = "exited";

// --- orchestrator to guard: one byte each ---
inline constexpr char kOrderTerminate = 'T';  // SIGTERM to everyone
inline constexpr char kOrderKill = 'K';       // SIGKILL to everyone, now

// The lifeline closed is an order too: TERM, then this long, then KILL.
inline constexpr int kLastWordsMs = 500;

}  // namespace devs::guard
