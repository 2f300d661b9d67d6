#include "trace/plain_exam.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "trace/crc32c.h"
#include "trace/line_table.h"
#include "trace/log_scan.h"
#include "trace/patiently.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

constexpr std::uint64_t kReadLines = 16 * 1024;
constexpr std::uint64_t kReadBytes = 1024 * 1024;

// Null: there is no such file, or the disk does not give it, which is a fault.
std::unique_ptr<File> open_if_there(FileSystem& files, const std::filesystem::path& path,
                                    Status& refused) {
  auto file = patiently([&] { return files.open_read(path); });
  if (file.ok()) return std::move(*file);
  if (file.status().code() != Code::not_found) refused = file.status();
  return nullptr;
}

// The first byte of a side index that is in no good record, or in one that does not
// follow the one before it.
std::uint64_t first_bad_byte(const File& index) {
  SideIndexReader reader(index);
  if (!reader.header()) return 0;
  std::uint64_t good_until = reader.offset();
  Sequence next = reader.header()->base;
  std::uint64_t offset = 0;
  for (SideRecord record; reader.next(record);) {
    if (reader.damaged() || record.first != next || record.offset != offset) break;
    next += record.lines.size();
    offset += record.log_bytes();
    good_until = reader.offset();
  }
  return good_until;
}

// Whether the disk gives all of it.
Status give_all(const File& index) {
  SideIndexReader reader(index);
  SideRecord record;
  while (reader.next(record)) {
  }
  return reader.status();
}

class LineExaminer {
 public:
  LineExaminer(const File* log, const LogScan& scan, const std::string& name, PlainExam& exam)
      : log_(log), scan_(scan), name_(name), exam_(exam) {}

  void run(const std::function<void(std::uint64_t)>& on_bytes) {
    for (std::uint64_t index = 0; index < scan_.table.count();) {
      const LineTable::Run run = scan_.table.run(index, kReadLines, kReadBytes);
      const std::string bytes = read(run);
      std::uint64_t at = 0;
      for (const LineTable::Line& line : run.lines) {
        judge(index++, run.offset + at, line.mark,
              std::string_view(bytes).substr(std::min<std::uint64_t>(at, bytes.size())));
        at += std::uint64_t{line.mark.bytes} + 1;
      }
      on_bytes(run.bytes);
    }
    tell();
  }

 private:
  std::string read(const LineTable::Run& run) const {
    // What is lost, or not there, need not be read to be known as such.
    if (log_ == nullptr || run.lines.front().mark.lost || run.offset >= scan_.log_bytes) return {};
    auto bytes = read_part(*log_, run.offset, static_cast<std::size_t>(run.bytes));
    return bytes.ok() ? std::move(*bytes) : std::string();
  }

  void judge(std::uint64_t index, std::uint64_t offset, const LineMark& mark,
             std::string_view bytes) {
    const Sequence sequence = scan_.header.base + index;
    if (mark.lost) ++exam_.marked_lost;
    const bool good = !mark.lost && bytes.size() > mark.bytes && bytes[mark.bytes] == '\n' &&
                      crc32c(bytes.substr(0, mark.bytes)) == mark.crc;
    if (good) {
      ++exam_.good;
      tell();
    } else if (bad_.from == 0) {
      bad_ = {name_, offset, sequence, sequence, {}, true};
    } else {
      bad_.through = sequence;
    }
  }

  // Bad lines side by side are one fault.
  void tell() {
    if (bad_.from == 0) return;
    const Sequence lines = bad_.through - bad_.from + 1;
    bad_.what = lines == 1 ? "the line is not what its index says"
                           : fmt::format("{} lines are not what their index says", lines);
    exam_.faults.push_back(std::exchange(bad_, {}));
  }

  const File* const log_;
  const LogScan& scan_;
  const std::string& name_;
  PlainExam& exam_;
  LogFault bad_;
};

}  // namespace

Status try_index(FileSystem& files, const std::filesystem::path& path) {
  const auto index = files.open_read(path);
  return index.ok() ? give_all(**index) : index.status();
}

Result<PlainExam> examine_plain(FileSystem& files, const PlainFiles& which,
                                const std::function<void(std::uint64_t)>& on_bytes) {
  Status log_refused, index_refused;
  const auto log = open_if_there(files, which.log, log_refused);
  auto index = open_if_there(files, which.index, index_refused);
  if (index != nullptr) {
    if (Status known = check_index_version(*index, which.index); !known.ok()) return known;
    index_refused = patiently([&] { return give_all(*index); });
    if (!index_refused.ok()) index.reset();
  }
  auto scan = patiently([&] { return scan_log(log.get(), index.get(), {.base = which.base}); });
  if (!scan.ok()) {
    log_refused = scan.status();
    scan = scan_log(nullptr, index.get(), {.base = which.base});
    if (!scan.ok()) return scan.status();
  }

  PlainExam exam;
  exam.header = scan->header;
  exam.header_found = scan->header_found;
  exam.count = scan->table.count();
  const auto fault = [&](const std::string& name, std::uint64_t offset, std::string what) {
    exam.faults.push_back({name, offset, 0, 0, std::move(what), true});
  };
  if (!log_refused.ok())
    fault(which.log_name, 0, fmt::format("cannot be read: {}", log_refused.message()));
  else if (log == nullptr)
    fault(which.log_name, 0, "is missing");
  LineExaminer(log.get(), *scan, which.log_name, exam).run(on_bytes);
  if (scan->log_bytes > scan->table.bytes())
    fault(which.log_name, scan->table.bytes(),
          fmt::format("ends in {} bytes that are no whole entry",
                      scan->log_bytes - scan->table.bytes()));

  if (!index_refused.ok()) {
    fault(which.index_name, 0, fmt::format("cannot be read: {}", index_refused.message()));
  } else if (index == nullptr) {
    if (which.index_due) fault(which.index_name, 0, "is missing");
  } else if (!scan->index_right) {
    fault(which.index_name, first_bad_byte(*index),
          scan->adopted > 0 ? fmt::format("does not know the last {} lines", scan->adopted)
                            : "is damaged");
  }
  exam.bytes = scan->log_bytes;
  if (index != nullptr)
    if (const auto size = index->size(); size.ok()) exam.bytes += *size;
  return exam;
}

}  // namespace devs
