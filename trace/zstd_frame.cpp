#include "trace/zstd_frame.h"

#include <fmt/format.h>
#include <zstd.h>

#include <memory>

namespace devs {
namespace {

struct Free {
  void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
};

}  // namespace

Status append_zstd_frame(std::string& out, std::string_view text, int level) {
  static thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(::ZSTD_createCCtx());
  if (!context) return {Code::resource_exhausted, "no memory to compress with"};
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  const std::size_t begin = out.size();
  out.resize(begin + ::ZSTD_compressBound(text.size()));
  const std::size_t size = ::ZSTD_compress2(context.get(), out.data() + begin, out.size() - begin,
                                            text.data(), text.size());
  const bool failed = ::ZSTD_isError(size) != 0;
  out.resize(failed ? begin : begin + size);
  if (failed) return {Code::resource_exhausted, fmt::format("zstd: {}", ::ZSTD_getErrorName(size))};
  return {};
}

std::size_t zstd_frame_bytes(std::string_view bytes) {
  const std::size_t size = ::ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
  return ::ZSTD_isError(size) != 0 ? 0 : size;
}

std::uint64_t zstd_content_bytes(std::string_view bytes) {
  const unsigned long long size = ::ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  return size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
}

bool expand_zstd_frame(std::string_view frame, std::span<char> to) {
  static thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(::ZSTD_createDCtx());
  if (!context || zstd_frame_bytes(frame) != frame.size()) return false;
  const std::size_t size =
      ::ZSTD_decompressDCtx(context.get(), to.data(), to.size(), frame.data(), frame.size());
  return ::ZSTD_isError(size) == 0 && size == to.size();
}

}  // namespace devs
