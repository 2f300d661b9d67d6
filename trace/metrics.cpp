#include "trace/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace devs {
namespace {

// Between name and labels in a key.  Less than any character of a name, so that
// all series of one name stand together, as the format wants them.
constexpr char kSeparator = ' ';

void append_sample(std::string& out, std::string_view name, std::string_view ending,
                   std::string_view labels, std::string_view value) {
  out.append(name).append(ending);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

// A sentence of ours: what the format would want escaped is left out.
std::string one_line(std::string_view help) {
  std::string line(help);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\\'; }, ' ');
  return line;
}

void append_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const Histogram& histogram) {
  const std::string before = labels.empty() ? "" : std::string(labels) + ",";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    below += histogram.in_bucket(i);
    const std::string bound =
        i < histogram.bounds().size() ? fmt::format("{}", histogram.bounds()[i]) : "+Inf";
    append_sample(out, name, "_bucket", before + "le=\"" + bound + "\"", std::to_string(below));
  }
  append_sample(out, name, "_sum", labels, fmt::format("{}", histogram.sum()));
  // Of the same look at the buckets: a count of its own could differ.
  append_sample(out, name, "_count", labels, std::to_string(below));
}

}  // namespace

void Counter::raise(std::uint64_t n) {
  std::uint64_t seen = value_.load(std::memory_order_relaxed);
  while (seen < n && !value_.compare_exchange_weak(seen, n, std::memory_order_relaxed)) {
  }
}

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)) {
}

void Histogram::observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) count += in_bucket(i);
  return count;
}

Metrics::Series& Metrics::series(std::string_view name, std::string_view labels) {
  std::string key(name);
  key += kSeparator;
  key += labels;
  return series_[std::move(key)];
}

Counter& Metrics::counter(std::string_view name, std::string_view labels) {
  MutexLock lock(mutex_);
  auto& counter = series(name, labels).counter;
  if (!counter) counter = std::make_unique<Counter>();
  return *counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view labels) {
  MutexLock lock(mutex_);
  auto& gauge = series(name, labels).gauge;
  if (!gauge) gauge = std::make_unique<Gauge>();
  return *gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::span<const double> bounds,
                              std::string_view labels) {
  MutexLock lock(mutex_);
  auto& histogram = series(name, labels).histogram;
  if (!histogram) histogram = std::make_unique<Histogram>(bounds);
  return *histogram;
}

void Metrics::describe(std::string_view name, std::string_view help) {
  MutexLock lock(mutex_);
  help_.insert_or_assign(std::string(name), one_line(help));
}

std::string Metrics::text() const {
  std::string out;
  std::string_view described;
  MutexLock lock(mutex_);
  for (const auto& [key, series] : series_) {
    const std::size_t split = key.find(kSeparator);
    const std::string_view name = std::string_view(key).substr(0, split);
    const std::string_view labels = std::string_view(key).substr(split + 1);
    if (name != described) {
      if (const auto help = help_.find(name); help != help_.end())
        out.append("# HELP ").append(name).append(" ").append(help->second).append("\n");
      out.append("# TYPE ").append(name);
      if (series.histogram)
        out.append(" histogram\n");
      else
        out.append(series.counter && name.ends_with("_total") ? " counter\n" : " gauge\n");
      described = name;
    }
    if (series.counter)
      append_sample(out, name, "", labels, std::to_string(series.counter->value()));
    else if (series.gauge)
      append_sample(out, name, "", labels, std::to_string(series.gauge->value()));
    else
      append_histogram(out, name, labels, *series.histogram);
  }
  return out;
}

}  // namespace devs
