#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/line_reader.h"
#include "trace/segment.h"
#include "trace/stored_log.h"

namespace devs {

// What the writer and the readers of sealed segments share: the names and the text of
// sidecars and footers.  docs/flight_log_format.md is this file in prose.  Pure.

// The layout this program writes; a newer one is refused by name.
inline constexpr int kSegmentFormat = 1;

// Text of one block: a line and its line end.  Longer ones were not written by us, so
// nothing is ever expanded beyond it.
inline constexpr std::size_t kMaxBlockRawBytes = kMaxLineBytes + 1;
// First line of a sidecar, with its line end: ours has about 700 bytes.  It is all that
// is read of a segment at a start.
inline constexpr std::size_t kMaxHeadBytes = 4096;
// The second line: some 70 bytes per block, so this is a segment of 200 GB.
inline constexpr std::size_t kMaxTableBytes = 64u * 1024u * 1024u;
inline constexpr std::size_t kMaxSidecarBytes = kMaxHeadBytes + kMaxTableBytes + 1;

// One row of the table: a stretch of the data file that holds whole lines.
struct SegmentBlock {
  Sequence first = 1;
  std::uint64_t lines = 0;                 // dense
  std::uint64_t offset = 0;                // in the data file
  std::uint64_t bytes = 0;                 // there
  std::uint64_t raw_bytes = 0;             // of NDJSON
  std::uint32_t crc = 0;                   // CRC-32C of the `bytes`
  std::int64_t first_ms = 0, last_ms = 0;  // smallest and largest stored_ms

  Sequence last() const { return first + lines - 1; }
  bool operator==(const SegmentBlock&) const = default;
};

// Blocks and losses, in order, tile the segment: each entry is in one of them.
struct SegmentTable {
  std::vector<SegmentBlock> blocks;
  std::vector<Loss> losses;
};

// The first line of a sidecar.
struct SegmentHead {
  SegmentInfo info;  // disk_bytes: of both files
  Epoch epoch;
  std::string previous_sha256;  // of the sidecar before it; empty: the first
  std::string replaces = {};    // SHA-256 of the sidecar a repair put this one in the place of
  std::uint64_t data_bytes = 0;
  std::string data_sha256 = {};
  std::uint64_t table_bytes = 0;  // of the second line, without its line end
  std::uint32_t table_crc = 0;
};

// The text of a whole sidecar; fills in table_bytes, table_crc and info.disk_bytes.
std::string encode_sidecar(SegmentHead& head, const SegmentTable& table);

// The two lines of a sidecar, without their line ends; nullopt: it has not exactly two.
struct SidecarLines {
  std::string_view head, table;
};
std::optional<SidecarLines> split_sidecar(std::string_view text);

// `line` is the first line without its line end.  data_loss: it fails its checksum or
// makes no sense.  invalid_argument: a newer program wrote it.
Result<SegmentHead> decode_head(std::string_view line);
// `line` is the second line without its line end.  data_loss: as above, or it does not
// fit the head.
Result<SegmentTable> decode_table(std::string_view line, const SegmentHead& head);

// The last words of the data file: all of the head that its blocks do not say, and the
// losses, so that a lost sidecar can be written again, byte for byte.
std::string encode_footer(const SegmentHead& head, const std::vector<Loss>& losses);
struct SegmentFooter {
  SegmentHead head;  // without what the data file itself tells
  std::vector<Loss> losses;
};
// `bytes`: from the first of its magic to the end of the file.
Result<SegmentFooter> decode_footer(std::string_view bytes);

// Skippable frames (RFC 8878 3.1.2): `zstdcat` passes over them.
inline constexpr std::uint32_t kBlockMagic = 0x184d2a50;
inline constexpr std::uint32_t kFooterMagic = 0x184d2a51;
inline constexpr std::size_t kSkippableHead = 8;  // magic, size of what follows
void append_skippable_head(std::string& out, std::uint32_t magic, std::size_t size);
std::uint32_t little_endian_32(std::string_view bytes);  // REQUIRES: 4 of them

}  // namespace devs
