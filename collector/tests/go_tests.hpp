// Which of the acceptance tests of Go's runtime.Pinner a file holds: each test says so itself, and
// those that have nothing to test in this heap are rows of a table with their reason.
#pragma once

#include <array>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pinlab::collector::tests {
namespace {

/// Which of Go's tests are here: each says so itself.
template <int kNumber>
struct IsHere : std::false_type {};

#define PINLAB_GO_TEST(number, name)         \
  template <>                                \
  struct IsHere<number> : std::true_type {}; \
  TEST_CASE("T" #number " " name)

struct NotHere {
  int number;
  std::string_view name;
  std::string_view reason;
};

/// Go's tests that have nothing to test in this heap.
constexpr auto kNotHere = std::to_array<NotHere>({
    {15, "TestPinnerCgoCheckPtr2UnknownPtr",
     "Go scans memory of unknown type conservatively; here every object's header says which of its "
     "words are references"},
});

/// Of the numbers from kFirst on.
template <int kFirst, int... kNumbers>
constexpr bool each_is_here_or_not(std::integer_sequence<int, kNumbers...> /*from 0*/) {
  const auto is_in_table = [](int number) {
    int rows = 0;
    for (const NotHere& row : kNotHere) {
      rows += row.number == number && !row.reason.empty() ? 1 : 0;
    }
    return rows == 1;
  };
  return (... && (IsHere<kFirst + kNumbers>::value != is_in_table(kFirst + kNumbers)));
}

}  // namespace
}  // namespace pinlab::collector::tests
