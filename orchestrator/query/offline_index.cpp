#include "orchestrator/query/offline_index.h"

#include <utility>

#include "orchestrator/query/index_writer.h"

namespace devs {

Result<std::unique_ptr<OfflineIndex>> OfflineIndex::open(const Options& options,
                                                         const StoredLog& stored,
                                                         const Epoch& epoch, Log& log) {
  std::unique_ptr<OfflineIndex> index(new OfflineIndex);
  std::error_code failed;
  const auto dir = std::filesystem::canonical(options.dir, failed);
  if (failed) return Status(Code::unavailable, options.dir.string() + ": " + failed.message());
  Status kept;
  auto lock = DirectoryLock::take(dir / kIndexLock);
  if (lock.ok())
    index->lock_ = std::move(*lock);
  else
    kept = lock.status();

  const auto file = dir / "trace.db";
  std::unique_ptr<IndexWriter> writer;
  if (kept.ok() && options.rebuild) kept = IndexWriter::remove(file);
  if (kept.ok()) {
    auto opened = IndexWriter::open(file, stored, epoch, log);
    if (opened.ok())
      writer = std::move(*opened);
    else
      kept = opened.status();
  }
  if (!kept.ok()) {
    if (options.rebuild) return kept;
    index->in_memory_ = true;
    auto opened = IndexWriter::open({}, stored, epoch, log);
    if (!opened.ok()) return opened.status();
    writer = std::move(*opened);
  }

  const Sequence last = stored.last();
  for (;;) {
    const auto trimmed = writer->trim(stored.oldest());
    if (!trimmed.ok()) return trimmed.status();
    const auto advanced = writer->advance(last, {});
    if (!advanced.ok()) return advanced.status();
    if (*advanced == 0 && !*trimmed) break;
    if (options.on_progress) options.on_progress(writer->through(), last);
  }
  if (index->in_memory_)
    index->readers_.adopt(writer->release());
  else
    index->readers_.open(file);
  return index;
}

}  // namespace devs
