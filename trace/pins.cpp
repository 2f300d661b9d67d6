#include "trace/pins.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/json.h"
#include "trace/whole_file.h"

namespace devs {
namespace {

constexpr std::int64_t kPinsFormat = 1;

std::string encode_pins(const std::vector<Pin>& pins) {
  std::string text = fmt::format(R"({{"format":{},"pins":[)", kPinsFormat);
  for (const Pin& pin : pins)
    text += fmt::format(R"({}{{"at":{},"from":{},"through":{},"why":{}}})",
                        text.ends_with('[') ? "\n" : ",\n", pin.at, pin.from, pin.through,
                        json_string(pin.why));
  return text + "\n]}\n";
}

Status check_format(std::string_view text, const std::filesystem::path& path) {
  const auto checked = compact_json(text, kConfigJson);
  if (!checked.ok()) return {};
  const auto format = JsonView(*checked)["format"].integer();
  if (!format || *format <= kPinsFormat) return {};
  return {Code::invalid_argument,
          fmt::format("{} has format {}, and this program knows formats up to {}: use the program "
                      "that wrote it, or move the file away",
                      path.string(), *format, kPinsFormat)};
}

// nullopt: it is not ours.
std::optional<std::vector<Pin>> decode_pins(std::string_view text) {
  const auto checked = compact_json(text, kConfigJson);
  if (!checked.ok()) return std::nullopt;
  const JsonView object(*checked);
  if (object["format"].integer() != kPinsFormat || !object["pins"].is_array()) return std::nullopt;
  std::vector<Pin> pins;
  bool whole = true;
  object["pins"].each_element([&](JsonView row) {
    const auto at = row["at"].integer(), from = row["from"].integer(),
               through = row["through"].integer();
    const Sequence least = pins.empty() ? 1 : pins.back().through + 2;
    whole = whole && at && from && through && *from >= 1 && *through >= *from &&
            static_cast<Sequence>(*from) >= least;
    if (whole)
      pins.push_back({static_cast<Sequence>(*at), static_cast<Sequence>(*from),
                      static_cast<Sequence>(*through), row["why"].string().value_or("")});
  });
  if (!whole) return std::nullopt;
  return pins;
}

// A name for what does not parse: the first that is free.
std::filesystem::path free_name(FileSystem& files, const std::filesystem::path& path) {
  for (int n = 1;; ++n) {
    std::filesystem::path name = path;
    name += fmt::format(".bad-{}", n);
    const auto there = files.open_read(name);
    if (!there.ok() && there.status().code() == Code::not_found) return name;
    if (n == 100) return name;  // the disk answers nothing sane: write over one
  }
}

}  // namespace

Pins::Pins(FileSystem& files, std::filesystem::path path, Trigger trigger)
    : files_(files), path_(std::move(path)), trigger_(trigger) {
}

Result<std::unique_ptr<Pins>> Pins::open(FileSystem& files, std::filesystem::path path,
                                         Trigger trigger) {
  std::unique_ptr<Pins> pins(new Pins(files, std::move(path), trigger));
  const auto text = read_whole_file(files, pins->path_, kConfigJson.bytes);
  if (!text.ok() && text.status().code() == Code::not_found) return pins;
  if (!text.ok() && text.status().code() != Code::data_loss) return text.status();

  if (text.ok())
    if (Status known = check_format(*text, pins->path_); !known.ok()) return known;
  auto found = text.ok() ? decode_pins(*text) : std::nullopt;
  if (found) {
    MutexLock lock(pins->mutex_);
    pins->pins_ = std::move(*found);
    return pins;
  }
  pins->kept_aside_ = free_name(files, pins->path_);
  if (Status moved = files.rename(pins->path_, pins->kept_aside_); !moved.ok()) return moved;
  if (Status synced = files.sync_directory(pins->path_.parent_path()); !synced.ok()) return synced;
  return pins;
}

void Pins::see(Sequence sequence, const EnvelopeFacts& facts) {
  if (trigger_.on_error && !facts.status.empty() && facts.status != "SUCCESS")
    return pin(sequence, fmt::format("status {}", facts.status));
  if (trigger_.slower_than_ms > 0 && facts.duration_ms &&
      *facts.duration_ms > trigger_.slower_than_ms)
    pin(sequence, fmt::format("took {:.0f} ms", *facts.duration_ms));
}

void Pins::pin(Sequence sequence, std::string why) {
  Pin pin{.at = sequence,
          .from = sequence > trigger_.before ? sequence - trigger_.before : 1,
          .through = sequence + trigger_.after,
          .why = std::move(why)};
  MutexLock lock(mutex_);
  changed_ = true;
  while (!pins_.empty() && pins_.back().through + 1 >= pin.from) {
    pin.from = std::min(pin.from, pins_.back().from);
    pin.through = std::max(pin.through, pins_.back().through);
    pins_.pop_back();
  }
  pins_.push_back(std::move(pin));
  keep_the_newest();
}

void Pins::keep_the_newest() {
  std::uint64_t room = trigger_.max_pins * (trigger_.before + 1 + trigger_.after);
  for (std::size_t i = pins_.size(); i-- > 0;) {
    const std::uint64_t entries = pins_[i].through - pins_[i].from + 1;
    if (entries <= room) {
      room -= entries;
      continue;
    }
    pins_[i].from = pins_[i].through - room + 1;
    const std::size_t gone = room == 0 ? i + 1 : i;
    pins_.erase(pins_.begin(), pins_.begin() + static_cast<std::ptrdiff_t>(gone));
    return;
  }
}

bool Pins::holds(Sequence from, Sequence through) const {
  MutexLock lock(mutex_);
  return std::any_of(pins_.begin(), pins_.end(),
                     [=](const Pin& pin) { return pin.from <= through && from <= pin.through; });
}

std::vector<Pin> Pins::list() const {
  MutexLock lock(mutex_);
  return pins_;
}

Status Pins::save() {
  std::string text;
  {
    MutexLock lock(mutex_);
    if (!changed_) return {};
    text = encode_pins(pins_);
    changed_ = false;
  }
  Status saved = write_whole_file(files_, path_, text);
  if (!saved.ok()) {
    MutexLock lock(mutex_);
    changed_ = true;
  }
  return saved;
}

}  // namespace devs
