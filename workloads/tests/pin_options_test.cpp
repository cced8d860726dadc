#include "workloads/pin_options.hpp"

#include "collector/options.hpp"

#include <doctest/doctest.h>

#include <string>

namespace pinlab::workloads::tests {
namespace {

using Kind = PinLifetime::Kind;

/// The sentence with which the options are refused; empty where they are not.
std::string refusal(const PinPressureOptions& options) {
  try {
    check_pin_options(options);
  } catch (const collector::OptionsError& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("the defaults are fine, and pin nothing") {
  CHECK(refusal({}).empty());
  CHECK_FALSE(PinPressureOptions{}.any());
}

TEST_CASE("a share, a number and a rate exclude each other") {
  CHECK(refusal({.share = 10, .count = 10}).find("exclude each other") != std::string::npos);
  CHECK(refusal({.share = 10, .rate = 10}).find("exclude each other") != std::string::npos);
  CHECK(refusal({.count = 10, .rate = 10}).find("exclude each other") != std::string::npos);
}

TEST_CASE("scoped pins need a lifetime that is a scope, and the sentence says so") {
  for (const Kind kind : {Kind::object, Kind::forever, Kind::fixed, Kind::exponential}) {
    const std::string sentence =
        refusal({.share = 10, .lifetime = {kind, 5, 5}, .shape = "scoped"});
    CHECK(sentence.find("pin.shape=scoped needs pin.lifetime=scope") != std::string::npos);
  }
  CHECK(refusal({.share = 10, .lifetime = {Kind::scope, 0, 0}, .shape = "scoped"}).empty());
  CHECK(refusal({.share = 10, .lifetime = {Kind::scope, 0, 0}, .shape = "pinner"}).empty());
}

TEST_CASE("pins that end newest first cannot wait for a collection, and the sentence says so") {
  PinPressureOptions options = {.share = 10, .lifetime = {Kind::scope, 0, 0}, .shape = "scoped"};
  options.placement = collector::PinPlacement::migrate;
  const std::string sentence = refusal(options);
  CHECK(sentence.find("pin.shape=scoped ends its pins newest first") != std::string::npos);
  CHECK(sentence.find("pin_group") != std::string::npos);  // one that can
  options.shape = "pin_group";
  CHECK(refusal(options).empty());
  options.shape = "scoped";
  options.placement = collector::PinPlacement::pinned_space;
  CHECK(refusal(options).empty());
}

TEST_CASE("names and ranges that make no sense are refused") {
  CHECK_FALSE(refusal({.shape = "pinnner"}).empty());
  CHECK_FALSE(refusal({.share = 1'000'000'001}).empty());
  CHECK_FALSE(refusal({.batch = 0}).empty());
  CHECK_FALSE(refusal({.count = 10, .batch = 4}).empty());
  CHECK_FALSE(refusal({.target = "smallest"}).empty());
  CHECK_FALSE(refusal({.target = "site"}).empty());
  CHECK_FALSE(refusal({.target = "size", .size_least = 9, .size_most = 8}).empty());
  CHECK_FALSE(refusal({.lifetime = {Kind::pareto, 0, 1}}).empty());
  CHECK_FALSE(refusal({.lifetime = {Kind::uniform, 2, 1}}).empty());
}

TEST_CASE("a star matches any characters, a question mark one, brackets themselves") {
  CHECK(matches("*", ""));
  CHECK(matches("*", "anything"));
  CHECK(matches("abc", "abc"));
  CHECK_FALSE(matches("abc", "abcd"));
  CHECK_FALSE(matches("abcd", "abc"));
  CHECK(matches("a*c", "abbbc"));
  CHECK(matches("a*b*c", "a.b.b.c"));
  CHECK_FALSE(matches("a*b*c", "a.c.b"));
  CHECK(matches("?bc", "abc"));
  CHECK_FALSE(matches("?bc", "bc"));
  CHECK(matches("*operator[]*", "std::vector::operator[](unsigned long)"));
  CHECK_FALSE(matches("operator[ab]", "operatora"));
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("**a**", "bab"));
}

}  // namespace
}  // namespace pinlab::workloads::tests
