#include "trace/log_meta.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "protocol/json.h"
#include "protocol/limits.h"
#include "trace/crc32c.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

constexpr std::size_t kMaxMetaBytes = 4096;  // ours has about 100
constexpr std::string_view kOldBegin = R"({"format":)";
constexpr std::string_view kSummedBegin = R"({"crc32c":")";
constexpr std::size_t kSummedHead = kSummedBegin.size() + 8 + 2;  // up to `"format"`

// `rest`, to the line end, behind the checksum of it.
std::string summed(std::string_view rest) {
  return fmt::format("{}{:08x}\",{}", kSummedBegin, crc32c(rest), rest);
}

bool is_epoch(std::string_view text) {
  return text.size() == 10 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

Result<std::optional<LogMeta>> read_log_meta(FileSystem& files, const std::filesystem::path& path) {
  const auto text = read_whole_file(files, path, kMaxMetaBytes);
  if (!text.ok() &&
      (text.status().code() == Code::not_found || text.status().code() == Code::data_loss))
    return std::optional<LogMeta>();
  if (!text.ok()) return text.status();
  if (text->starts_with(kSummedBegin) &&
      *text != summed(std::string_view(*text).substr(std::min(kSummedHead, text->size()))))
    return std::optional<LogMeta>();
  if (!text->starts_with(kSummedBegin) && !text->starts_with(kOldBegin))
    return std::optional<LogMeta>();
  const auto checked = compact_json(*text, kConfigJson);
  if (!checked.ok()) return std::optional<LogMeta>();
  const JsonView meta(*checked);
  const auto format = meta["format"].integer();
  if (format && *format > kLogFormat)
    return Status(Code::invalid_argument,
                  fmt::format("{} has format {}, and this program knows formats up to {}: "
                              "use the program that wrote it, or another directory",
                              path.string(), *format, kLogFormat));
  const auto epoch = meta["epoch"].string();
  const std::int64_t expired = meta["expired_through"].integer().value_or(0);
  const std::int64_t given = meta["given_through"].integer().value_or(0);
  if (!format || *format < 1 || !epoch || !is_epoch(*epoch) || expired < 0 || given < 0)
    return std::optional<LogMeta>();
  return std::optional(LogMeta{.epoch = *epoch,
                               .expired_through = static_cast<Sequence>(expired),
                               .given_through = static_cast<Sequence>(given),
                               .format = static_cast<int>(*format)});
}

Status write_log_meta(FileSystem& files, const std::filesystem::path& path, const LogMeta& meta) {
  return write_whole_file(
      files, path,
      summed(fmt::format(
          "\"format\":{},\"epoch\":\"{}\",\"expired_through\":{},\"given_through\":{}}}\n",
          kLogFormat, meta.epoch, meta.expired_through, meta.given_through)));
}

}  // namespace devs
