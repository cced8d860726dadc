#include "heap/support/parameter.hpp"

#include "heap/support/exact_number.hpp"
#include "heap/support/words.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::heap {
namespace {

constexpr std::array<std::string_view, 3> kPlans = {"generational", "semispace", "mark_sweep"};
constexpr std::array<std::string_view, 1> kOld = {"old"};

std::vector<Parameter> table() {
  return {
      {.name = "heap.max",
       .type = ParameterType::size,
       .default_text = "1GiB",
       .summary = "all of it",
       .least = 1U << 20U},
      {.name = "nursery.size",
       .type = ParameterType::size,
       .default_text = "64MiB",
       .summary = "the nursery",
       .default_rule = "a sixteenth of heap.max"},
      {.name = "pin.share",
       .type = ParameterType::share,
       .default_text = "0",
       .summary = "a chance"},
      {.name = "pin.rate",
       .type = ParameterType::decimal,
       .default_text = "0",
       .summary = "a rate",
       .unit = "pins for each MiB"},
      {.name = "pin.age",
       .type = ParameterType::count,
       .default_text = "0",
       .summary = "an age",
       .most = 7,
       .choices = kOld,
       .unit = "young collections"},
      {.name = "seed", .type = ParameterType::count, .default_text = "1", .summary = "the seed"},
      {.name = "plan",
       .type = ParameterType::word,
       .default_text = "generational",
       .summary = "the plan",
       .choices = kPlans},
      {.name = "timeout", .type = ParameterType::time, .default_text = "1s", .summary = "a time"},
      {.name = "flag", .type = ParameterType::flag, .default_text = "true", .summary = "a flag"},
      {.name = "limit",
       .type = ParameterType::limit,
       .default_text = "none",
       .summary = "a limit",
       .least = 1},
      {.name = "file", .type = ParameterType::text, .default_text = "", .summary = "a text"},
      {.name = "life",
       .type = ParameterType::distribution,
       .default_text = "object",
       .summary = "a lifetime",
       .choices = kDistributionKinds},
  };
}

std::string error_of(std::string_view name, std::string_view text) {
  ParameterValues values(table());
  try {
    values.set(name, text);
  } catch (const ParameterError& error) {
    return error.what();
  }
  return "accepted as " + values.canonical(name);
}

std::string canonical(std::string_view name, std::string_view text) {
  ParameterValues values(table());
  values.set(name, text);
  return values.canonical(name);
}

struct Row {
  std::string_view name;
  std::string_view text;
  std::string_view expected;
};

TEST_CASE("a value is shown in the shortest text that gives it again") {
  constexpr std::array kRows = {Row{"heap.max", "1073741824", "1GiB"},
                                Row{"heap.max", "1.5GiB", "1536MiB"},
                                Row{"heap.max", "1048577", "1048577B"},
                                Row{"heap.max", "2048KiB", "2MiB"},
                                Row{"nursery.size", "0", "0B"},
                                Row{"nursery.size", "0GiB", "0B"},
                                Row{"pin.share", "1%", "0.01"},
                                Row{"pin.share", "0.010", "0.01"},
                                Row{"pin.share", "1", "1"},
                                Row{"pin.share", "100%", "1"},
                                Row{"pin.share", "1e-9", "0.000000001"},
                                Row{"pin.share", "0.0000001%", "0.000000001"},
                                Row{"pin.share", "0.1", "0.1"},
                                Row{"pin.rate", "12.50", "12.5"},
                                Row{"pin.age", "old", "old"},
                                Row{"pin.age", "007", "7"},
                                Row{"seed", "18446744073709551615", "18446744073709551615"},
                                Row{"timeout", "1500ms", "1500ms"},
                                Row{"timeout", "2000000us", "2s"},
                                Row{"timeout", "0.5us", "500ns"},
                                Row{"file", "a b\nc", "a b\nc"},
                                Row{"life", "exp(65536KiB)", "exp(64MiB)"},
                                Row{"life", "pareto(1.20,1MiB)", "pareto(1.2,1MiB)"},
                                Row{"life", "uniform(0,1.5KiB)", "uniform(0B,1536B)"},
                                Row{"life", "forever", "forever"},
                                Row{"limit", "none", "none"},
                                Row{"limit", "5", "5"},
                                Row{"limit", "5+02", "5+2"},
                                Row{"limit", "0+1", "0+1"},
                                Row{"limit", "5+0", "5+0"}};
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    CHECK(canonical(row.name, row.text) == row.expected);
    CHECK(canonical(row.name, canonical(row.name, row.text)) == row.expected);
  }
}

TEST_CASE("what is no value is refused with the reason, never clamped") {
  constexpr std::array kRows = {Row{"heap.max", "", "a value is missing"},
                                Row{"heap.max", "99999T", "is no size"},
                                Row{"heap.max", "99999999999GiB", "is too large"},
                                Row{"heap.max", "1e999", "is too large"},
                                Row{"heap.max", "1e99999", "is no size"},
                                Row{"heap.max", "-1", "is no size"},
                                Row{"heap.max", "64MB", "did you mean MiB?"},
                                Row{"heap.max", "64m", "did you mean MiB?"},
                                Row{"heap.max", "1KiB", "is too small: at least 1MiB"},
                                Row{"heap.max", "0.3", "no whole number of bytes"},
                                Row{"heap.max", "NaN", "is no size"},
                                Row{"heap.max", " 1MiB", "is no size"},
                                Row{"heap.max", "1MiBx", "is no size"},
                                Row{"heap.max", "1.", "is no size"},
                                Row{"heap.max", ".5GiB", "is no size"},
                                Row{"heap.max", "0x10", "is no size"},
                                Row{"pin.share", "-0", "is no share"},
                                Row{"pin.share", "1.01", "is too large: at most 1"},
                                Row{"pin.share", "101%", "is too large"},
                                Row{"pin.share", "0.0000000001", "billionths"},
                                Row{"pin.share", "inf", "is no share"},
                                Row{"pin.share", "%", "is no share"},
                                Row{"pin.age", "8", "at most 7 young collections"},
                                Row{"pin.age", "1.5", "is no whole number"},
                                Row{"pin.age", "young", "is no count"},
                                Row{"seed", "18446744073709551616", "is too large"},
                                Row{"plan", "generatonal", "did you mean generational?"},
                                Row{"plan", "zzz", "is none of generational"},
                                Row{"timeout", "10", "has no unit"},
                                Row{"timeout", "10min", "is no time"},
                                Row{"flag", "yes", "is neither true nor false"},
                                Row{"file", "\xC3\x28", "is not UTF-8"},
                                Row{"file", "\xED\xA0\x80", "is not UTF-8"},
                                Row{"plan", "\xFF\xFE", "\"\\xFF\\xFE\""},
                                Row{"life", "exp", "is not written as exp(64MiB)"},
                                Row{"life", "object(1)", "is not written as object"},
                                Row{"life", "exp(1,2)", "is not written"},
                                Row{"life", "fixed()", "is no duration"},
                                Row{"life", "uniform(2KiB,1KiB)", "least above its most"},
                                Row{"life", "pareto(0,1MiB)", "bad exponent"},
                                Row{"life", "pareto(1.2345,1MiB)", "bad exponent"},
                                Row{"life", "gauss(1)", "is none of"},
                                Row{"limit", "0", "is too small"},
                                Row{"limit", "0+0", "is too small"},
                                Row{"limit", "1+", "is no limit"},
                                Row{"limit", "many", "is no limit"},
                                Row{"heap.mx", "1GiB", "did you mean heap.max?"},
                                Row{"", "1", "there is no parameter \"\""}};
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    CAPTURE(row.text);
    const std::string error = error_of(row.name, row.text);
    CAPTURE(error);
    CHECK(error.find(row.expected) != std::string::npos);
  }
}

TEST_CASE("numbers are exact in base units") {
  ParameterValues values(table());
  values.set("pin.share", "0.1");
  CHECK(values.share("pin.share") == 100'000'000);
  values.set("pin.rate", "0.5");
  CHECK(values.decimal("pin.rate") == 500'000'000);
  values.set("life", "pareto(1.2,1MiB)");
  CHECK(values.distribution("life") ==
        Distribution{.kind = Distribution::Kind::pareto, .a = 1200, .b = 1U << 20U});
  values.set("pin.age", "old");
  CHECK(values.is_word("pin.age"));
  CHECK(values.word("pin.age") == "old");
}

TEST_CASE("a bad value changes nothing") {
  ParameterValues values(table());
  values.set("seed", "7");
  CHECK_THROWS_AS(values.set("seed", "-3"), ParameterError);
  CHECK(values.count("seed") == 7);
}

TEST_CASE("a default that depends on others gives way to what was set") {
  ParameterValues values(table());
  values.set_default("nursery.size", "32MiB");
  CHECK(values.size("nursery.size") == 32U << 20U);
  CHECK(!values.given("nursery.size"));
  values.set("nursery.size", "1MiB");
  values.set_default("nursery.size", "32MiB");
  CHECK(values.size("nursery.size") == 1U << 20U);
  CHECK(values.given("nursery.size"));
}

TEST_CASE("a table with one name twice, or a default that is no value, is refused") {
  std::vector<Parameter> twice = table();
  twice.push_back(twice.front());
  CHECK_THROWS_AS(ParameterValues{twice}, ParameterError);
  std::vector<Parameter> wrong = table();
  wrong.front().default_text = "lots";
  CHECK_THROWS_AS(ParameterValues{wrong}, ParameterError);
}

TEST_CASE("a domain says bounds, unit and words") {
  const ParameterValues values(table());
  CHECK(domain_of(*values.find("pin.age")) ==
        "a whole number of young collections, at most 7, or old");
  CHECK(domain_of(*values.find("heap.max")) == "a size, at least 1MiB");
  CHECK(domain_of(*values.find("pin.share")) == "a share, at most 1");
}

TEST_CASE("the nearest name forgives a typing error and no more") {
  constexpr std::array<std::string_view, 3> kNames = {"heap.max", "heap.block", "seed"};
  CHECK(nearest_name("heap.mxa", kNames) == "heap.max");
  CHECK(nearest_name("sed", kNames) == "seed");
  CHECK(nearest_name("completely.else", kNames).empty());
  CHECK(nearest_name(std::string(100000, 'x'), kNames).empty());
  CHECK(edit_distance("ab", "ba") == 1);
}

TEST_CASE("every integer of a share survives its text") {
  for (std::uint64_t parts = 1; parts <= kBillion; parts = parts * 3 + 1) {
    std::string text = canonical_number(ParameterType::share, parts);
    ParameterValues values(table());
    values.set("pin.share", text);
    CHECK(values.share("pin.share") == parts);
  }
}

}  // namespace
}  // namespace pinlab::heap
