#include "trace/metrics.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

namespace devs {
namespace {

// A pin: scrapers read this.
TEST_CASE("Metrics: the text is sorted, typed, and keeps the series of a name together") {
  Metrics metrics;
  metrics.counter("http_refused_total", R"(code="431",reason="head")").add(2);
  metrics.counter("http_refused_total", R"(code="400",reason="host")").add();
  metrics.counter("http_refused_totals").set(9);
  metrics.counter("http_refused_total");
  metrics.counter("connections").set(17);
  metrics.describe("connections", "sockets\nopen, \\ not \"closed\"");
  metrics.describe("nobody_counts_total", "");
  CHECK(metrics.text() ==
        "# HELP connections sockets open,   not \"closed\"\n"
        "# TYPE connections gauge\n"
        "connections 17\n"
        "# TYPE http_refused_total counter\n"
        "http_refused_total 0\n"
        "http_refused_total{code=\"400\",reason=\"host\"} 1\n"
        "http_refused_total{code=\"431\",reason=\"head\"} 2\n"
        "# TYPE http_refused_totals gauge\n"
        "http_refused_totals 9\n");
}

// A pin: dashboards read this.
TEST_CASE("Metrics: a histogram is cumulative buckets, a sum and a count; a gauge may fall") {
  Metrics metrics;
  const double bounds[] = {0.001, 0.5};
  Histogram& seconds = metrics.histogram("commit_seconds", bounds);
  for (const double value : {0.0005, 0.001, 0.25, 7.0}) seconds.observe(value);
  metrics.histogram("commit_seconds", bounds, R"(disk="b")").observe(0.75);
  metrics.gauge("queue").set(5);
  metrics.gauge("queue").add(-7);
  metrics.counter("commits_total").add();
  CHECK(metrics.text() ==
        "# TYPE commit_seconds histogram\n"
        "commit_seconds_bucket{le=\"0.001\"} 2\n"
        "commit_seconds_bucket{le=\"0.5\"} 3\n"
        "commit_seconds_bucket{le=\"+Inf\"} 4\n"
        "commit_seconds_sum 7.2515\n"
        "commit_seconds_count 4\n"
        "commit_seconds_bucket{disk=\"b\",le=\"0.001\"} 0\n"
        "commit_seconds_bucket{disk=\"b\",le=\"0.5\"} 0\n"
        "commit_seconds_bucket{disk=\"b\",le=\"+Inf\"} 1\n"
        "commit_seconds_sum{disk=\"b\"} 0.75\n"
        "commit_seconds_count{disk=\"b\"} 1\n"
        "# TYPE commits_total counter\n"
        "commits_total 1\n"
        "# TYPE queue gauge\n"
        "queue -2\n");
}

TEST_CASE("Histogram: observed from any thread, nothing is lost") {
  const double bounds[] = {1, 2};
  Histogram histogram(bounds);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&histogram] {
        for (int j = 0; j < 1000; ++j) histogram.observe(j % 3 + 0.5);
      });
  }
  CHECK(histogram.count() == 4000);
  CHECK(histogram.in_bucket(0) == 1336);
  CHECK(histogram.in_bucket(2) == 1332);
  CHECK(histogram.sum() == doctest::Approx(4 * (334 * 0.5 + 333 * 1.5 + 333 * 2.5)));
}

TEST_CASE("Metrics: the same name and labels are the same counter, from any thread") {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&metrics] {
        for (int j = 0; j < 1000; ++j) metrics.counter("x_total", "a=\"b\"").add();
      });
  }
  CHECK(metrics.counter("x_total", "a=\"b\"").value() == 4000);
}

TEST_CASE("Counter: raise keeps the largest value ever offered") {
  Counter counter;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < 4; ++i)
      threads.emplace_back([&counter, i] {
        for (std::uint64_t j = 0; j < 1000; ++j) counter.raise(j * 4 + i);
      });
  }
  CHECK(counter.value() == 3999);
  counter.raise(5);
  CHECK(counter.value() == 3999);
}

}  // namespace
}  // namespace devs
