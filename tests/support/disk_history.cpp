#include "tests/support/disk_history.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace devs {
namespace {

using Kind = DiskOperation::Kind;

constexpr std::size_t kSector = 512;  // what a disk writes whole or not at all

std::string parent_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

// The bytes of one file: those at rest, and what is on its way.
class Bytes {
 public:
  explicit Bytes(std::string at_rest = {}) : at_rest_(std::move(at_rest)) {}

  void change(const DiskOperation& operation) { pending_.push_back(operation); }
  void sync() {
    for (const DiskOperation& each : pending_) apply(at_rest_, each);
    pending_.clear();
  }
  void lose_sync() {
    for (DiskOperation& each : pending_) each.bytes.assign(each.bytes.size(), '\0');
  }

  std::string survivor(Random& random) const {
    std::string left = at_rest_;
    std::size_t oldest_change = at_rest_.size();  // bytes below were never touched
    if (pending_.empty()) return left;
    const bool any_order = random() % 6 == 0;
    const std::size_t whole = any_order ? pending_.size() : some_of(pending_.size(), random);
    for (std::size_t i = 0; i < whole; ++i) {
      apply(left, pending_[i]);
      oldest_change = std::min(oldest_change, left.size());
    }
    if (any_order)
      drop_sectors(left, oldest_change, random);
    else if (whole < pending_.size() && pending_[whole].kind == Kind::append)
      tear(left, pending_[whole].bytes, random);
    return left;
  }

 private:
  static void apply(std::string& bytes, const DiskOperation& operation) {
    if (operation.kind == Kind::append) bytes += operation.bytes;
    if (operation.kind == Kind::truncate)
      bytes.resize(static_cast<std::size_t>(operation.size), '\0');
  }
  // All, none, or any number between.
  static std::size_t some_of(std::size_t count, Random& random) {
    switch (random() % 4) {
      case 0:
        return 0;
      case 1:
        return count;
      default:
        return random() % (count + 1);
    }
  }
  static void drop_sectors(std::string& bytes, std::size_t from, Random& random) {
    for (std::size_t at = from; at < bytes.size();) {
      const std::size_t end = std::min((at / kSector + 1) * kSector, bytes.size());
      if (random() % 2 == 0)
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                  bytes.begin() + static_cast<std::ptrdiff_t>(end), '\0');
      at = end;
    }
  }
  static void tear(std::string& bytes, const std::string& more, Random& random) {
    const std::size_t begin = bytes.size(), end = begin + more.size();
    bytes += more;
    const auto sector = [&] {  // a border of sectors in the new bytes
      return std::clamp((begin + random() % (more.size() + 1)) / kSector * kSector, begin, end);
    };
    switch (random() % 3) {
      case 0:
        bytes.resize(sector());
        break;
      case 1:
        bytes.resize(begin + random() % (more.size() + 1));
        break;
      case 2:
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(sector()), bytes.end(), '\0');
        break;
    }
  }

  std::string at_rest_;
  std::vector<DiskOperation> pending_;
};

// The names: which of their changes are at rest, and which on their way.
class Names {
 public:
  explicit Names(const DiskImage& before) : directories_(before.directories) {
    std::size_t number = 0;
    for (const auto& file : before.files) files_[file.first] = number++;
  }

  void change(const DiskOperation& operation) {
    Change change{&operation, {parent_of(operation.path)}, {}, false};
    if (operation.kind == Kind::rename) change.unsynced.insert(parent_of(operation.to));
    for (std::size_t i = 0; i < changes_.size(); ++i)
      if (later_needs(operation, *changes_[i].operation)) change.needs.push_back(i);
    changes_.push_back(std::move(change));
  }
  void sync(const std::string& directory) {
    for (std::size_t i = 0; i < changes_.size(); ++i)
      if (changes_[i].unsynced.erase(directory) > 0 && changes_[i].unsynced.empty()) settle(i);
  }

  // Path to number of the file.
  std::map<std::string, std::size_t> survivors(Random& random) {
    const std::size_t journal = random() % (changes_.size() + 1);  // in order, up to here
    switch (random() % 4) {
      case 0:
        break;
      case 1:
        for (std::size_t i = 0; i < changes_.size(); ++i) settle(i);
        break;
      case 2:
        for (std::size_t i = 0; i < journal; ++i) settle(i);
        break;
      case 3:
        for (std::size_t i = 0; i < changes_.size(); ++i)
          if (random() % 2 == 0) settle(i);
        break;
    }
    for (const Change& each : changes_)
      if (each.at_rest) apply(*each.operation);
    std::erase_if(
        files_, [this](const auto& file) { return !directories_.contains(parent_of(file.first)); });
    return files_;
  }
  const std::set<std::string>& directories() const { return directories_; }

 private:
  struct Change {
    const DiskOperation* operation;
    std::set<std::string> unsynced;  // directories
    std::vector<std::size_t> needs;  // changes that happened before it
    bool at_rest;
  };

  static bool later_needs(const DiskOperation& later, const DiskOperation& earlier) {
    const auto touches = [&later](const std::string& name) {
      return !name.empty() && (name == later.path || name == later.to);
    };
    const auto lies_in = [&later](const std::string& directory) {
      return parent_of(later.path) == directory ||
             (!later.to.empty() && parent_of(later.to) == directory);
    };
    return touches(earlier.path) || touches(earlier.to) ||
           (earlier.kind == Kind::make_directory && lies_in(earlier.path));
  }
  void settle(std::size_t index) {
    if (std::exchange(changes_[index].at_rest, true)) return;
    for (const std::size_t needed : changes_[index].needs) settle(needed);
  }
  void apply(const DiskOperation& operation) {
    switch (operation.kind) {
      case Kind::make_directory:
        directories_.insert(operation.path);
        break;
      case Kind::create:
        files_[operation.path] = operation.file;
        break;
      case Kind::rename:
        files_[operation.to] = files_.at(operation.path);
        files_.erase(operation.path);
        break;
      case Kind::remove:
        files_.erase(operation.path);
        break;
      default:
        break;
    }
  }

  std::map<std::string, std::size_t> files_;
  std::set<std::string> directories_;
  std::vector<Change> changes_;
};

}  // namespace

DiskHistory after_kill(const DiskHistory& history, std::size_t begun, Random& random) {
  DiskHistory left = history;
  const bool in_flight = begun > 0 && begun <= history.operations.size();
  left.operations.resize(std::min(begun, history.operations.size()));
  if (in_flight && left.operations.back().kind == Kind::append) {
    std::string& last = left.operations.back().bytes;
    last.resize(random() % (last.size() + 1));
  }
  return left;
}

DiskImage after_power_cut(const DiskHistory& history, std::size_t begun, Random& random) {
  Names names(history.before);
  std::map<std::size_t, Bytes> files;
  for (const auto& file : history.before.files) files.emplace(files.size(), Bytes(file.second));
  for (std::size_t i = 0; i < std::min(begun, history.operations.size()); ++i) {
    const DiskOperation& operation = history.operations[i];
    const bool in_flight = i + 1 == begun;  // it had not answered yet
    switch (operation.kind) {
      case Kind::append:
      case Kind::truncate:
        files[operation.file].change(operation);
        break;
      case Kind::sync:
        if (!in_flight || random() % 2 == 0) files[operation.file].sync();
        break;
      case Kind::lost_sync:
        files[operation.file].lose_sync();
        break;
      case Kind::sync_directory:
        if (!in_flight || random() % 2 == 0) names.sync(operation.path);
        break;
      default:
        names.change(operation);
    }
  }
  DiskImage left;
  for (const auto& [path, number] : names.survivors(random))
    left.files[path] = files[number].survivor(random);
  left.directories = names.directories();
  return left;
}

}  // namespace devs
