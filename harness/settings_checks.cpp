#include "harness/settings_checks.hpp"

#include "heap/support/words.hpp"
#include "collector/compact_rule.hpp"
#include "collector/nursery_route.hpp"
#include "collector/plan.hpp"
#include "harness/settings.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

namespace {

using heap::ParameterError;
using heap::ParameterValues;

/// Its default says nothing: a record that is run again gives every parameter.
bool is_changed(const ParameterValues& values, std::string_view name) {
  return values.given(name) && values.canonical(name) != values.find(name)->default_text;
}

/// A variant that the chosen member of the axis `parameter` does not have is an error, and says who
/// has it.
template <class T>
void check_variants(const ParameterValues& values,
                    std::string_view parameter,
                    std::span<const heap::Named<T>> axis,
                    std::span<const std::string_view> names) {
  const auto has = [](const heap::Named<T>& entry, std::string_view name) {
    const auto made = entry.make();
    return std::ranges::find(made->variants(), name) != made->variants().end();
  };
  const std::string_view chosen = values.word(parameter);
  for (const std::string_view name : names) {
    if (!is_changed(values, name) || has(*heap::find_named(axis, chosen), name)) {
      continue;
    }
    std::vector<std::string_view> owners;
    for (const heap::Named<T>& entry : axis) {
      if (has(entry, name)) {
        owners.push_back(entry.name);
      }
    }
    throw ParameterError(std::string(name) + " has no effect with " + std::string(parameter) + "=" +
                         std::string(chosen) + ": it belongs to " + heap::joined(owners));
  }
}

void check_variants(const ParameterValues& values) {
  check_variants(values, "nursery.route", collector::nursery_routes(),
                 collector::nursery_variant_names());
  check_variants(values, "compact.rule", collector::compact_rules(),
                 collector::compact_variant_names());
}

void check_heap(const ParameterValues& values) {
  const auto shown = [&](std::string_view name) {
    return std::string(name) + "=" + values.canonical(name);
  };
  if (!std::has_single_bit(values.size("heap.block"))) {
    throw ParameterError(shown("heap.block") + " is no power of two");
  }
  for (const std::string_view unit : {"pin.spread_line", "pin.spread_page"}) {
    if (!std::has_single_bit(values.size(unit))) {
      throw ParameterError(shown(unit) + " is no power of two");
    }
  }
  if (values.size("heap.block") > values.size("heap.max")) {
    throw ParameterError(shown("heap.block") + " is larger than " + shown("heap.max"));
  }
  if (values.size("nursery.size") > values.size("heap.max")) {
    throw ParameterError(shown("nursery.size") + " is larger than " + shown("heap.max"));
  }
}

void check_compaction(const ParameterValues& values) {
  if (values.word("old.route") != "sweep") {
    return;
  }
  for (const std::string_view name :
       {"compact.rule", "compact.least_free", "compact.least_share", "compact.give_up"}) {
    if (is_changed(values, name)) {
      throw ParameterError(std::string(name) + "=" + values.canonical(name) +
                           " has no effect with old.route=sweep, which moves nothing: take another "
                           "old.route");
    }
  }
}

void check_ambiguous(const ParameterValues& values) {
  if (values.decimal("ambiguous.rate") == 0 && is_changed(values, "ambiguous.life")) {
    throw ParameterError("ambiguous.life has no effect without ambiguous.rate");
  }
}

/// Of pins that are made beside the program's own: without them nobody would look at these.
void check_pressure(const ParameterValues& values) {
  if (values.given("pin.share") || values.given("pin.count") || values.given("pin.rate")) {
    return;  // 0 too, which is where a sweep begins
  }
  for (const std::string_view name :
       {"pin.lifetime", "pin.age", "pin.target", "pin.target_site", "pin.target_least",
        "pin.target_most", "pin.early", "pin.late", "pin.leak", "pin.leak_share", "pin.store_check",
        "pin.batch"}) {
    if (is_changed(values, name)) {
      throw ParameterError(std::string(name) + "=" + values.canonical(name) +
                           " has no effect without pin.share, pin.count or pin.rate: it is of the "
                           "pins that these make, not of those that a program makes itself");
    }
  }
}

void check_pins(const ParameterValues& values) {
  workloads::check_pin_options(pin_options(values));
  collector::Options settled = collector_options(values);
  collector::settle_options(settled);
  if (const std::string why = collector::why_no_pinned_space(settled); !why.empty()) {
    throw ParameterError(why);
  }
  if (values.word("pin.target") != "site" && !values.text("pin.target_site").empty()) {
    throw ParameterError("pin.target_site has no effect without pin.target=site");
  }
  for (const std::string_view name : {"pin.target_least", "pin.target_most"}) {
    if (values.word("pin.target") != "size" && is_changed(values, name)) {
      throw ParameterError(std::string(name) + " has no effect without pin.target=size");
    }
  }
  if (values.word("pin.leak") == "none" && values.share("pin.leak_share") != heap::kBillion) {
    throw ParameterError("pin.leak_share has no effect without pin.leak");
  }
  if (values.word("pin.leak") != "none" && values.word("pin.liveness") != "strong") {
    throw ParameterError("pin.leak needs pin.liveness=strong: other pins end with their objects");
  }
  if (values.word("pin.limit_answer") != "crash" &&
      (values.limit("pin.limit").base | values.limit("pin.limit").for_each_call) == 0) {
    throw ParameterError("pin.limit_answer=" + values.canonical("pin.limit_answer") +
                         " has no effect without pin.limit");
  }
  check_pressure(values);
}

/// What the table has room for and the testbed cannot do so far.
void check_not_yet(const ParameterValues& values) {
  if (values.count("gc.threads") != 1) {
    throw ParameterError("gc.threads=" + values.canonical("gc.threads") +
                         " is not there yet: only 1");
  }
}

void check_threads(const ParameterValues& values, const workloads::WorkloadEntry& workload) {
  const std::uint64_t threads = values.count("mutator.threads");
  if (threads > workload.most_threads) {
    throw ParameterError("mutator.threads=" + std::to_string(threads) +
                         ": workload=" + std::string(workload.name) + " has at most " +
                         std::to_string(workload.most_threads));
  }
  const workloads::PinPressureOptions pins = pin_options(values);
  if (threads > 1 && pins.any()) {
    throw ParameterError("mutator.threads=" + std::to_string(threads) +
                         ": pin.share, pin.count and pin.rate are of one thread; with more, the "
                         "workload makes its own pins alone");
  }
}

}  // namespace

void check_together(const ParameterValues& values, const workloads::WorkloadEntry& workload) {
  check_variants(values);
  check_heap(values);
  check_compaction(values);
  check_pins(values);
  check_ambiguous(values);
  check_not_yet(values);
  check_threads(values, workload);
}

}  // namespace pinlab::harness
