#include "orchestrator/terminal.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace devs {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Bytes of the code that begins at `text`, when a terminal may act on it; else 0.
std::size_t code_at(std::string_view text) {
  const auto byte = [&text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  };
  if ((byte(0) < 0x20 && byte(0) != '\n' && byte(0) != '\t') || byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) return 2;  // C1
  if (byte(0) == 0xD8 && byte(1) == 0x9C) return 2;                    // U+061C
  if (byte(0) != 0xE2) return 0;
  const bool marks = byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F ||   // U+200E, F
                                         (byte(2) >= 0xAA && byte(2) <= 0xAE));  // U+202A..E
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;   // U+2066..9
  return marks || isolates ? 3 : 0;
}

std::string duration_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  if (seconds < 3600) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

bool on_terminal(std::FILE* stream) {
  return ::isatty(::fileno(stream)) == 1;
}

std::string harmless(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t code = code_at(text.substr(at)); code != 0) {
      shown += kReplacement;
      at += code;
    } else {
      shown += text[at++];
    }
  }
  return shown;
}

bool print_text(std::FILE* to, std::string_view text) {
  const std::string shown = on_terminal(to) ? harmless(text) : std::string();
  const std::string_view bytes = on_terminal(to) ? std::string_view(shown) : text;
  return std::fwrite(bytes.data(), 1, bytes.size(), to) == bytes.size();
}

void remark(std::string_view text) {
  print_text(stderr, fmt::format("{}\n", text));
}
int failed(std::string_view why) {
  print_text(stderr, fmt::format("mcp-orchestrator: {}\n", why));
  return 1;
}
int refused(std::string_view why) {
  failed(why);
  return 2;
}

Result<OutputFile> OutputFile::open(const std::string& path) {
  if (path.empty() || path == "-") return OutputFile(stdout, {});
  const std::string part = path + ".part";
  std::FILE* const file = std::fopen(part.c_str(), "wbe");
  if (file == nullptr)
    return Status(Code::unavailable, fmt::format("cannot write {}: {}; give another --out", part,
                                                 std::strerror(errno)));
  ::fchmod(::fileno(file), 0600);  // a trace is nobody else's business
  return OutputFile(file, path);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      path_(std::move(other.path_)),
      gone_(other.gone_),
      error_(other.error_) {
}

OutputFile::~OutputFile() {
  if (file_ == nullptr || file_ == stdout) return;
  std::fclose(file_);
  ::unlink((path_ + ".part").c_str());
}

bool OutputFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return true;
  error_ = errno;
  gone_ = file_ == stdout && error_ == EPIPE;
  return false;
}

Status OutputFile::finish() {
  if (error_ == 0 && std::fflush(file_) != 0) error_ = errno;
  gone_ = gone_ || (file_ == stdout && error_ == EPIPE);
  if (gone_) return {};
  const std::string part = path_ + ".part";
  if (error_ == 0 && file_ != stdout) {
    if (std::fclose(std::exchange(file_, nullptr)) != 0 ||
        std::rename(part.c_str(), path_.c_str()) != 0)
      error_ = errno;
  }
  if (error_ == 0) return {};
  return {Code::unavailable, fmt::format("cannot write {}: {}", path_.empty() ? "stdout" : path_,
                                         std::strerror(error_))};
}

ProgressLine::ProgressLine(std::string what, bool wanted)
    : what_(std::move(what)),
      rewrite_(on_terminal(stderr)),
      wanted_(wanted || rewrite_),
      begun_(std::chrono::steady_clock::now()),
      next_(begun_ + std::chrono::seconds(1)) {
}

ProgressLine::~ProgressLine() {
  if (shown_ && rewrite_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::update(std::uint64_t done, std::uint64_t total, std::uint64_t bytes) {
  const Time now = std::chrono::steady_clock::now();
  if (!wanted_ || now < next_) return;
  next_ = now + (rewrite_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(1000));
  shown_ = true;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const double share =
      total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  std::string line = fmt::format("{} {:3.0f} %", what_, share * 100);
  if (bytes != 0) line += fmt::format("  {:.1f} MB/s", static_cast<double>(bytes) / 1e6 / seconds);
  if (share > 0) line += "  ETA " + duration_text(seconds / share - seconds);
  std::fputs((rewrite_ ? "\r" + line + "\x1b[K" : line + "\n").c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace devs
