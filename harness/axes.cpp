#include "harness/axes.hpp"

#include "heap/gap_reuse.hpp"
#include "heap/support/expects.hpp"
#include "pinning/shape.hpp"
#include "pinning/spread.hpp"
#include "collector/compact_rule.hpp"
#include "collector/nursery_route.hpp"
#include "collector/old_route.hpp"
#include "collector/plan.hpp"
#include "workloads/workload.hpp"

#include <algorithm>

namespace pinlab::harness {

namespace {

template <class Entries>
std::vector<AxisEntry> entries_of(const Entries& registry) {
  std::vector<AxisEntry> entries;
  for (const auto& entry : registry) {
    entries.push_back({entry.name, entry.summary, entry.source});
  }
  return entries;
}

/// Use cases whose pins, as they are by default, last as long as the shape's can; other workloads
/// pin as long as pin.lifetime says.
std::string use_cases_of(const pinning::ShapeFacts& facts) {
  if (!facts.holds_still) {
    return "none, but as controls: see workload.arm";
  }
  std::string text;
  bool all = true;
  for (const workloads::WorkloadEntry& entry : workloads::workloads()) {
    const auto lifetime =
        std::ranges::find(entry.parameters, "workload.lifetime", &heap::Parameter::name);
    if (lifetime == entry.parameters.end()) {
      continue;
    }
    const auto use = std::ranges::find(pinning::kPinUseNames, lifetime->default_text);
    EXPECTS(use != pinning::kPinUseNames.end());
    const auto wanted = static_cast<pinning::PinUse>(use - pinning::kPinUseNames.begin());
    if (facts.uses.has(wanted)) {
      text += (text.empty() ? "" : ", ") + std::string(entry.name);
    } else {
      all = false;
    }
  }
  return all ? "all" : text;
}

std::vector<AxisEntry> entries_of_shapes() {
  std::vector<AxisEntry> entries = entries_of(pinning::pin_shapes());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const pinning::ShapeFacts facts = pinning::pin_shapes()[i].make()->facts();
    entries[i].facts = {
        {kNumberFact, std::string(facts.number)},
        {"lifetime", std::string(facts.lifetime)},
        {"alive by", std::string(facts.alive)},
        {"misuse", std::string(facts.misuse)},
        {"expresses", facts.uses.names()},
        {"use cases", use_cases_of(facts)},
        {"holds", std::string(facts.holds_still ? "objects where they are" : "nothing in place")},
        {"one pin is", std::string(facts.is_set ? "a set of objects" : "one object")},
    };
  }
  return entries;
}

std::vector<Axis> read_registries() {
  return {
      {"plans", "plan", "plan", entries_of(collector::plans())},
      {"nursery-routes", "nursery route", "nursery.route", entries_of(collector::nursery_routes())},
      {"old-routes", "old route", "old.route", entries_of(collector::old_routes())},
      {"compact-rules", "compact rule", "compact.rule", entries_of(collector::compact_rules())},
      {"gap-reuse", "gap reuse", "gap.reuse", entries_of(heap::gap_reuses())},
      {"spreads", "spread", "pin.spread", entries_of(pinning::spreads())},
      {"shapes", "pin shape", "pin.shape", entries_of_shapes()},
      {"workloads", "workload", "workload", entries_of(workloads::workloads())},
  };
}

using WordsByAxis = std::vector<std::vector<std::string_view>>;

WordsByAxis read_names() {
  WordsByAxis names;
  for (const Axis& axis : axes()) {
    std::vector<std::string_view>& words = names.emplace_back(axis.entries.size());
    std::ranges::transform(axis.entries, words.begin(), &AxisEntry::name);
  }
  return names;
}

WordsByAxis read_numbers() {
  WordsByAxis numbers;
  for (const Axis& axis : axes()) {
    std::vector<std::string_view>& words = numbers.emplace_back();
    for (const AxisEntry& entry : axis.entries) {
      for (const AxisFact& fact : entry.facts) {
        if (fact.key == kNumberFact) {
          words.emplace_back(fact.value);
        }
      }
    }
    EXPECTS(words.empty() || words.size() == axis.entries.size());
  }
  return numbers;
}

std::size_t index_of_axis(std::string_view parameter) {
  const auto axis = std::ranges::find(axes(), parameter, &Axis::parameter);
  EXPECTS(axis != axes().end());
  return static_cast<std::size_t>(axis - axes().begin());
}

}  // namespace

std::span<const Axis> axes() {
  static const std::vector<Axis> all = read_registries();
  return all;
}

std::span<const std::string_view> names_of_axis(std::string_view parameter) {
  static const WordsByAxis names = read_names();
  return names[index_of_axis(parameter)];
}

std::span<const std::string_view> numbers_of_axis(std::string_view parameter) {
  static const WordsByAxis numbers = read_numbers();
  return numbers[index_of_axis(parameter)];
}

}  // namespace pinlab::harness
