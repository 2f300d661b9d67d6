#include "trace/metrics.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

namespace devs {
namespace {

// A pin: scrapers read this.
TEST_CASE(
    "Metrics: the text is sorted, typed, and keeps the series of a name together") {
  Metrics metrics;
  metrics.counter("http_refused_total", R"(code="431",reason="head")").add(2);
  metrics.counter("http_refused_total", R"(code="400",reason="host")").add();
  metrics.counter("http_refused_totals").set(9);
  metrics.counter("http_refused_total");
  metrics.counter("connections").set(17);
  CHECK(metrics.text() ==
        "# TYPE connections gauge\n"
        "connections 17\n"
        "# TYPE http_refused_total counter\n"
        "http_refused_total 0\n"
        "http_refused_total{code=\"400\",reason=\"host\"} 1\n"
        "http_refused_total{code=\"431\",reason=\"head\"} 2\n"
        "# TYPE http_refused_totals gauge\n"
        "http_refused_totals 9\n");
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
