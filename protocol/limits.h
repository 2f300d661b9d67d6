#pragma once

#include <cstddef>

// Every bound on the wire, one constant each, with its reason.  Bounds that an
// operator may change are defaults of the Options that carry them.
namespace devs {

// --- JSON (reliability: one guard in front of every parser) -----------------

// What one text may cost before a tree exists.  Bytes alone are no bound:
// `{},` costs 29 bytes of tree per byte of text.
struct JsonBounds {
  std::size_t bytes;         // whole text
  std::size_t depth;         // nested arrays and objects
  std::size_t tokens;        // structural tokens { } [ ] : ,
  std::size_t string_bytes;  // one string value, as written
  std::size_t name_bytes;    // one member name, as written
  std::size_t number_bytes;  // one number
};

inline constexpr std::size_t kMiB = 1024 * 1024;
inline constexpr JsonBounds kRequestJson{4 * kMiB, 64, 100'000, 1 * kMiB, 256, 64};
inline constexpr JsonBounds kUpstreamJson{16 * kMiB, 64, 100'000, 16 * kMiB, 1024, 64};
inline constexpr JsonBounds kConfigJson{1 * kMiB, 32, 100'000, 64 * 1024, 256, 64};
// One published envelope: as large as the body of a publish may be.
inline constexpr JsonBounds kEnvelopeJson{4 * kMiB, 64, 100'000, 4 * kMiB, 1024, 64};

// --- JSON-RPC ------------------------------------------------------------

// An id is stored per request in flight and echoed: longer ones are an attack.
inline constexpr std::size_t kMaxRpcIdBytes = 256;
// Batches exist in revision 2025-03-26 only.
inline constexpr std::size_t kMaxBatch = 100;

// --- SAOP ------------------------------------------------------------------

inline constexpr std::size_t kMaxIdBytes = 128;        // agent_id, task_id, ...
inline constexpr std::size_t kMaxTypeBytes = 64;       // envelope type
inline constexpr std::size_t kMaxToolNameBytes = 128;  // longer: UNKNOWN_TOOL
inline constexpr std::size_t kPreviewBytes = 2048;     // previews of stdout, stderr
// A stall of every browser is one huge frame away: an envelope up to this many
// bytes is streamed, one byte more is recorded and announced by name only.
inline constexpr std::size_t kMaxStreamedEnvelope = 1'048'576;
inline constexpr std::size_t kMaxRecordedEnvelope = 16 * kMiB;
inline constexpr std::size_t kMaxPublishEnvelopes = 1000;  // per POST /trace/publish

// --- SSE -------------------------------------------------------------------

inline constexpr std::size_t kMaxLastEventIdBytes = 64;
// The parser's own bound: an event larger than this is refused, not buffered.
inline constexpr std::size_t kMaxSseEventBytes = 16 * kMiB;

// --- stdio ---------------------------------------------------------

inline constexpr std::size_t kMaxStdioLine = 8 * kMiB;
// A message that came as a line.
inline constexpr JsonBounds kLineJson{kMaxStdioLine, 64, 100'000, 1 * kMiB, 256, 64};

}  // namespace devs
