#include "harness/json_places.hpp"
#include "harness/outcome.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace pinlab;

namespace {

std::string doubt(const std::string& text) {
  try {
    harness::refuse_doubtful_json("x", text);
  } catch (const harness::InputError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("what a parser takes in silence is named with file, line and path") {
  for (const auto& wrong : std::vector<std::pair<std::string, std::string>>{
           {"{\"a\": 1,\n\"a\": 2}", "x:2: at a the key is there twice"},
           {"{\"a\": [1, {\"b\": 1, // c\n \"b\": 2}]}", "x:2: at a[1].b the key is there twice"},
           {"[1,\n1e999]", "x:2: at [1] the number 1e999 is out of range"},
           {"[1,\n\n18446744073709551616]", "x:3: at [1] the number 18446744073709551616 is out"},
           {"{\"a\":\n-9223372036854775809}", "x:2: at a the number -9223372036854775809 is out"},
       }) {
    CAPTURE(wrong.first);
    CHECK(doubt(wrong.first).starts_with(wrong.second));
  }
}

TEST_CASE("what is right, or no JSON at all, is left to the parser") {
  for (const std::string text :
       {"{\"a\": 1, \"b\": {\"a\": 2}}", "[18446744073709551615, -9223372036854775808, 1e-999, 1.5]",
        "/* c */ [\"\\\"\", \"a:,]}\"] // d", "{\"a\"", "[1,", "nonsense", "", "\"", "{\"a\": NaN}",
        "[1 2]", "{\"\\", "/*"}) {
    CAPTURE(text);
    CHECK(doubt(text).empty());
  }
  CHECK(doubt(std::string(100'000, '[')).empty());
}

TEST_CASE("the line of a value is found by its path") {
  const std::string text =
      "{\n\"a\": {\"b\": 1,\n\"c\": [\n1,\n{\"d\":\n2}]},\n\"heap.max\": 3}";
  CHECK(harness::line_in_json(text, "a") == 2);
  CHECK(harness::line_in_json(text, "a.c") == 3);
  CHECK(harness::line_in_json(text, "a.c[1]") == 5);
  CHECK(harness::line_in_json(text, "a.c[1].d") == 6);
  CHECK(harness::line_in_json(text, "heap.max") == 7);
  CHECK(harness::line_in_json(text, "none") == 1);
}
