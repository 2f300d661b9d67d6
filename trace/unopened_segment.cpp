#include "trace/unopened_segment.h"

#include <utility>

#include "trace/mutex.h"
#include "trace/sealed_segment.h"

namespace devs {
namespace {

// Immutable, but for what it has opened.  Thread-safe.
class UnopenedSegment final : public Segment {
 public:
  UnopenedSegment(FileSystem& files, std::filesystem::path segments, const SegmentInfo& info,
                  std::shared_ptr<SegmentCache> cache)
      : files_(files), segments_(std::move(segments)), info_(info), cache_(std::move(cache)) {}

  const SegmentInfo& info() const override { return info_; }
  bool sealed() const override { return true; }

  ReadOutcome read(Sequence from, ReadLimits limits,
                   const StoredLog::OnLine& on_line) const override {
    const SegmentPtr opened = this->opened();
    if (!opened) return refused_read(from, info_.last(), limits);
    if (from <= opened->info().last()) return opened->read(from, limits, on_line);
    return {info_.last() + 1, Loss{from, info_.last(), LossReason::corrupt}};
  }
  Sequence first_since(std::int64_t ms) const override {
    const SegmentPtr opened = this->opened();
    return opened ? opened->first_since(ms) : info_.base;
  }

 private:
  // Null: not now either.
  SegmentPtr opened() const DEVS_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (opened_) return opened_;
    }
    auto fresh = open_sealed(files_, segments_, info_.base, cache_);
    if (!fresh.ok() || (*fresh)->info().last() > info_.last()) return nullptr;
    MutexLock lock(mutex_);
    opened_ = *fresh;
    return opened_;
  }

  FileSystem& files_;
  const std::filesystem::path segments_;
  const SegmentInfo info_;
  const std::shared_ptr<SegmentCache> cache_;
  mutable Mutex mutex_;
  mutable SegmentPtr opened_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace

SegmentPtr make_unopened(FileSystem& files, const std::filesystem::path& segments,
                         const SegmentInfo& guessed, std::shared_ptr<SegmentCache> cache) {
  return std::make_shared<UnopenedSegment>(files, segments, guessed, std::move(cache));
}

}  // namespace devs
