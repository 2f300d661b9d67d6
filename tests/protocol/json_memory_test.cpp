#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "protocol/json.h"

// What the guard asks of the heap, counted by standing in for operator new.
namespace {

thread_local std::size_t allocations = 0;
thread_local std::size_t allocated = 0;

}  // namespace

// g++ 12 at -O2 inlines one of the two and takes them for a mismatch.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

void* operator new(std::size_t size) {
  ++allocations;
  allocated += size;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace devs {
namespace {

// All bytes ever asked for while the guard ran: no peak can be above that.
std::size_t cost_of(const std::string& text, const JsonBounds& bounds) {
  const std::size_t before = allocated;
  const auto result = compact_json(text, bounds);
  const std::size_t cost = allocated - before;
  CHECK((result.ok() || !result.status().message().empty()));
  return cost;
}

std::string list_of(std::string_view element, std::size_t times) {
  std::string text = "[";
  for (std::size_t i = 0; i < times; ++i) text += element;
  return text + "0]";
}

TEST_CASE("compact_json: nothing costs thirty times its bytes") {
  const JsonBounds wide{16 * kMiB, 64, 100'000'000, kMiB, 1024, 64};
  std::string names = "{";
  for (int i = 0; i < 300'000; ++i) names += '"' + std::to_string(i) + "\":0,";
  names += "\"z\":0}";
  std::string escaped = "{";
  for (int i = 0; i < 100'000; ++i) escaped += "\"\\u0061" + std::to_string(i) + "\":0,";
  escaped += "\"z\":0}";
  for (const std::string& text :
       {list_of("{},", 300'000), list_of("\"\",", 300'000), list_of("[0],", 300'000),
        list_of("0,", 300'000), list_of("{\"a\":0},", 100'000), list_of("0 , ", 300'000), names,
        std::string(1'000'000, '[')}) {
    CHECK(cost_of(text, wide) < 12 * text.size());
  }
  CHECK(cost_of(escaped, wide) < 30 * escaped.size());
}

TEST_CASE("compact_json: an ordinary message costs one allocation, its answer") {
  const std::string message =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":[1,2]}}})";
  const std::size_t before = allocations;
  const auto result = compact_json(message, kRequestJson);
  CHECK(allocations == before + 1);
  CHECK(result.ok());
}

TEST_CASE("JsonView: looking costs no allocation") {
  const std::string text =
      R"({"a":{"deep":[1,2,{"x":"y"}]},"long_name_beyond_small_strings":"\u0041n unescaped value of some length","n":-12,"b":true})";
  const JsonView view(text);
  const std::size_t before = allocations;
  JsonView n, b;
  view.pick({{"n", &n}, {"b", &b}});
  const bool seen =
      view["long_name_beyond_small_strings"].is("An unescaped value of some length") &&
      view["a"]["deep"].size() == 3 && n.integer() == -12 && b.boolean() == true &&
      n.number() == -12.0 && view.size() == 4;
  CHECK(allocations == before);
  CHECK(seen);
}

}  // namespace
}  // namespace devs
