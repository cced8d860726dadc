#include "harness/listing.hpp"

#include "harness/axes.hpp"
#include "harness/command.hpp"
#include "harness/parameter_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

namespace pinlab::harness {
namespace {

TEST_CASE("every member of every axis is listed with a sentence and a source") {
  for (const Axis& axis : axes()) {
    CAPTURE(axis.kind);
    CHECK(!axis.entries.empty());
    const std::vector<Listed> rows = list_kind(axis.kind);
    REQUIRE(rows.size() == axis.entries.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CAPTURE(rows[i].name);
      CHECK(rows[i].name == axis.entries[i].name);
      CHECK(!rows[i].summary.empty());
      CHECK(!rows[i].summary.ends_with('.'));
      CHECK(!rows[i].facts[0].value.empty());
    }
  }
}

TEST_CASE("every axis is chosen by a parameter that takes its names and no others") {
  for (const Axis& axis : axes()) {
    CAPTURE(axis.parameter);
    const auto found = std::ranges::find(base_parameters(), axis.parameter, &heap::Parameter::name);
    REQUIRE(found != base_parameters().end());
    CHECK(std::ranges::equal(found->choices, axis.entries, {}, {}, &AxisEntry::name));
  }
}

TEST_CASE("no name is listed twice in a kind, and every summary is one line") {
  for (const std::string_view kind : kinds()) {
    std::set<std::string> names;
    for (const Listed& row : list_kind(kind)) {
      CAPTURE(row.name);
      const bool shared = kind == "parameters" && row.name.starts_with("workload.");
      CHECK((names.insert(row.name).second || shared));
      CHECK(row.summary.find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("every command says what it does") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK(!command.summary.empty());
    CHECK(command.lesson.find("pinlab " + std::string(command.name)) != std::string_view::npos);
    CHECK(static_cast<bool>(command.run != nullptr));
  }
}

}  // namespace
}  // namespace pinlab::harness
