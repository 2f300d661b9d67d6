#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "protocol/result.h"

namespace devs {

// How the command line speaks to a person, a pipe or a file.

bool on_terminal(std::FILE* stream);

// A terminal obeys what it is shown.  Control codes of a stranger's text (C0 but tab
// and newline, DEL, C1, bidirectional overrides and marks) become U+FFFD.
std::string harmless(std::string_view text);

// To a terminal harmless(), to a pipe every byte.  False: nobody reads any more, and
// the command ends quietly.  REQUIRES: SIGPIPE is ignored.
bool print_text(std::FILE* to, std::string_view text);

// What a person sees beside results; one line each, on stderr.
void remark(std::string_view text);
int failed(std::string_view why);   // the same, and exit code 1: it did not work
int refused(std::string_view why);  // exit code 2: it could not even begin

// One file a command makes: stdout, or a path that holds the old content or the new,
// whole (written beside it as `<path>.part`, then renamed).
class OutputFile {
 public:
  static Result<OutputFile> open(const std::string& path);  // empty: stdout
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();  // not finished: what was written goes

  bool write(std::string_view bytes);  // false: see gone() or finish()
  bool gone() const { return gone_; }  // nobody reads any more
  Status finish();

 private:
  OutputFile(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}

  std::FILE* file_;
  std::string path_;
  bool gone_ = false;
  int error_ = 0;
};

// How far long work is, on stderr: nothing in the first second, then a line that is
// rewritten on a terminal, or one a second when `wanted` though it is none.
class ProgressLine {
 public:
  ProgressLine(std::string what, bool wanted);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `bytes` of what was done so far; 0: unknown.
  void update(std::uint64_t done, std::uint64_t total, std::uint64_t bytes);

 private:
  using Time = std::chrono::steady_clock::time_point;

  const std::string what_;
  const bool rewrite_, wanted_;
  const Time begun_;
  Time next_;
  bool shown_ = false;
};

}  // namespace devs
