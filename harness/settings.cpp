#include "harness/settings.hpp"

#include "heap/address.hpp"
#include "heap/support/words.hpp"
#include "collector/compact_rule.hpp"
#include "collector/nursery_route.hpp"
#include "collector/old_route.hpp"
#include "collector/plan.hpp"
#include "harness/old_variants.hpp"
#include "harness/parameter_table.hpp"
#include "harness/presets.hpp"
#include "harness/settings_checks.hpp"

#include <algorithm>
#include <bit>
#include <string_view>
#include <vector>

namespace pinlab::harness {

namespace {

using heap::ParameterError;
using heap::ParameterValues;

void refuse_twice(const Settings& settings, std::string_view where) {
  for (std::size_t i = 1; i < settings.size(); ++i) {
    const auto before = settings.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(settings.begin(), before,
                    [&](const Setting& s) { return s.name == before->name; })) {
      throw ParameterError(before->name + " is given twice " + std::string(where));
    }
  }
}

std::string_view text_of(const Settings& settings,
                         std::string_view name,
                         std::string_view otherwise) {
  const auto found = std::ranges::find(settings, name, &Setting::name);
  if (found == settings.end()) {
    return otherwise;
  }
  return found->text;
}

/// A parameter of another workload is told apart from one that nobody has.
void refuse_foreign(const Settings& settings, const workloads::WorkloadEntry& chosen) {
  const auto has = [](const workloads::WorkloadEntry& entry, std::string_view name) {
    return std::ranges::find(entry.parameters, name, &heap::Parameter::name) !=
           entry.parameters.end();
  };
  for (const Setting& setting : settings) {
    if (!setting.name.starts_with("workload.") || has(chosen, setting.name)) {
      continue;
    }
    for (const workloads::WorkloadEntry& other : workloads::workloads()) {
      if (has(other, setting.name)) {
        throw ParameterError(setting.name + " belongs to workload=" + std::string(other.name) +
                             ", and this is workload=" + std::string(chosen.name));
      }
    }
  }
}

/// What adversaries play on, unless said otherwise: to theory, a block's end is an island.
void derive_one_block(ParameterValues& values, std::string_view gap_reuse) {
  values.set_default("heap.max", "64MiB");
  const std::uint64_t most = values.find("heap.block")->most;
  values.set_default("heap.block",
                     std::to_string(std::bit_floor(std::min(values.size("heap.max"), most))));
  values.set_default("nursery.size", "0");
  values.set_default("gap.reuse", gap_reuse);
  values.set_default("gap.min", std::to_string(heap::kGranuleBytes));
}

/// Below everything else that was said, above the defaults.
void apply_preset(ParameterValues& values) {
  const auto chosen = std::ranges::find(presets(), values.word("preset"), &Preset::name);
  if (chosen == presets().end()) {
    return;
  }
  // A route that was chosen otherwise has no use for the variants of the preset's.
  const auto overridden = [&](std::string_view route) {
    const auto own = std::ranges::find(chosen->settings, route, &PresetSetting::name);
    return own != chosen->settings.end() && values.given(route) && values.word(route) != own->text;
  };
  const bool other_nursery = overridden("nursery.route");
  const bool other_old = overridden("old.route");
  for (const PresetSetting& setting : chosen->settings) {
    const bool of_nursery = setting.name.starts_with("nursery.") &&
                            setting.name != "nursery.route" && setting.name != "nursery.size";
    const auto variants = collector::old_variant_names();
    const bool of_old = std::ranges::find(variants, setting.name) != variants.end();
    if ((other_nursery && of_nursery) || (other_old && of_old)) {
      continue;
    }
    if (!values.given(setting.name)) {
      values.set(setting.name, setting.text);
    }
  }
}

void derive_defaults(ParameterValues& values, workloads::HeapDefaults heap) {
  if (heap != workloads::HeapDefaults::general) {
    const bool first_fit = heap == workloads::HeapDefaults::one_block;
    derive_one_block(values, first_fit ? "first_fit" : "best_fit");
    return;
  }
  const std::uint64_t block = values.size("heap.block");
  const std::uint64_t sixteenth = values.size("heap.max") / 16 / block * block;
  values.set_default("nursery.size", std::to_string(std::max(sixteenth, block)));
  if (values.word("plan") == "mark_sweep") {
    values.set_default("gap.reuse", "buckets");
  }
}

/// What the plan and the nursery route fix of `options`. A parameter that was given otherwise is an
/// error, never ignored.
class Settling {
 public:
  explicit Settling(ParameterValues& values)
      : values_(values), before_(collector_options(values)), by_plan_(before_), after_(before_) {
    heap::find_named(collector::plans(), before_.plan)->make()->settle(by_plan_);
    collector::settle_options(after_);
  }

  void settle() {
    settle("nursery.size", &Options::nursery_size);
    settle("nursery.survivals", &Options::nursery_survivals);
    settle("nursery.tenuring", &Options::nursery_tenuring);
    settle("nursery.route", &Options::nursery_route);
    settle("old.route", &Options::old_route);
    settle("gap.reuse", &Options::gap_reuse);
    settle("gap.min", &Options::gap_min);
    settle("pin.spread", &Options::pin_spread);
  }

 private:
  using Options = collector::Options;

  static std::string text_of(std::uint64_t value) { return std::to_string(value); }
  static std::string text_of(const std::string& value) { return value; }
  static std::string text_of(collector::Tenuring value) {
    return value == collector::Tenuring::fixed ? "fixed" : "adaptive";
  }

  template <class T>
  [[nodiscard]] std::string who_fixes(T Options::*member) const {
    return by_plan_.*member == after_.*member ? "plan=" + before_.plan
                                              : "nursery.route=" + after_.nursery_route;
  }

  template <class T>
  void settle(std::string_view name, T Options::*member) {
    if (before_.*member == after_.*member) {
      return;
    }
    const std::string text = text_of(after_.*member);
    if (values_.given(name)) {
      throw ParameterError(std::string(name) + "=" + values_.canonical(name) + ": " +
                           who_fixes(member) + " fixes it to " +
                           heap::canonical_text(*values_.find(name), text));
    }
    values_.set_default(name, text);
  }

  ParameterValues& values_;
  const Options before_;
  Options by_plan_;
  Options after_;
};

template <class Enum>
Enum enum_of(const ParameterValues& values, std::string_view name) {
  const auto choices = values.find(name)->choices;
  return static_cast<Enum>(std::ranges::find(choices, values.word(name)) - choices.begin());
}

}  // namespace

ParameterValues resolve(const Settings& file, const Settings& command_line) {
  refuse_twice(file, "in the file");
  refuse_twice(command_line, "on the command line");
  const std::string_view fallback = base_parameters().front().default_text;
  const auto& workload =
      workload_called(text_of(command_line, "workload", text_of(file, "workload", fallback)));
  refuse_foreign(file, workload);
  refuse_foreign(command_line, workload);

  ParameterValues values(parameters_with(workload));
  for (const Settings* const layer : {&file, &command_line}) {
    for (const Setting& setting : *layer) {
      values.set(setting.name, setting.text);
    }
  }
  apply_preset(values);
  derive_defaults(values, workload.heap);
  Settling(values).settle();
  settle_old_variants(values);
  check_together(values, workload);
  return values;
}

std::string why_unrepeatable(const ParameterValues& values) {
  if (values.count("mutator.threads") > 1) {
    return "with mutator.threads=" + values.canonical("mutator.threads") +
           " the threads of the program meet as they like";
  }
  if (values.find("workload.completion") != nullptr &&
      values.word("workload.completion") == "arrival") {
    return "with workload.completion=arrival the system decides what completes when";
  }
  return {};
}

namespace {

collector::CompactVariants compact_variants(const ParameterValues& values) {
  return {.least_free = values.size("compact.least_free"),
          .least_share = values.share("compact.least_share"),
          .stop_share = values.share("compact.stop_share"),
          .heap_share = values.share("compact.heap_share"),
          .give_up = values.count("compact.give_up")};
}

collector::NurseryVariants nursery_variants(const ParameterValues& values) {
  using namespace collector;
  NurseryVariants variants{
      .lock = enum_of<LockVariant>(values, "nursery.lock"),
      .lock_retries = static_cast<std::uint32_t>(values.count("nursery.lock_retries")),
      .evacuate = enum_of<Evacuate>(values, "nursery.evacuate"),
      .retain = values.share("nursery.retain"),
      .give_up = static_cast<std::uint32_t>(values.count("nursery.give_up")),
      .cement = values.count("nursery.cement"),
      .cramped = enum_of<Cramped>(values, "nursery.cramped"),
      .sweep = values.share("nursery.sweep"),
      .promote = values.share("nursery.promote"),
      .copy = values.share("nursery.copy"),
  };
  if (!values.is_word("nursery.nailboards")) {
    variants.nailboards = values.count("nursery.nailboards");
  }
  return variants;
}

}  // namespace

collector::Options collector_options(const ParameterValues& values) {
  using namespace collector;
  return {
      .plan = std::string(values.word("plan")),
      .heap_max = values.size("heap.max"),
      .heap_block = values.size("heap.block"),
      .nursery_size = values.size("nursery.size"),
      .nursery_survivals = static_cast<std::uint32_t>(values.count("nursery.survivals")),
      .nursery_tenuring = enum_of<Tenuring>(values, "nursery.tenuring"),
      .nursery_route = std::string(values.word("nursery.route")),
      .nursery_variants = nursery_variants(values),
      .old_route = std::string(values.word("old.route")),
      .old_variants = old_variants(values),
      .compact_rule = std::string(values.word("compact.rule")),
      .compact_variants = compact_variants(values),
      .gap_reuse = std::string(values.word("gap.reuse")),
      .gap_min = values.size("gap.min"),
      .pin_spread = std::string(values.word("pin.spread")),
      .spread_line = values.size("pin.spread_line"),
      .spread_page = values.size("pin.spread_page"),
      .pin_transitive = values.is_word("pin.transitive")
                            ? Options::kAnyDepth
                            : static_cast<std::uint32_t>(values.count("pin.transitive")),
      .ambiguous_stacks = values.flag("ambiguous.stacks"),
      .pin_placement = enum_of<PinPlacement>(values, "pin.placement"),
      .pin_liveness = enum_of<pinning::Liveness>(values, "pin.liveness"),
      .compact_effort = enum_of<CompactEffort>(values, "compact.effort"),
      .verify = enum_of<VerifyLevel>(values, "verify"),
      .verify_when = enum_of<VerifyWhen>(values, "verify.when"),
      .measure_pins = values.count("record.pins"),
      .measure_hostage = values.flag("record.hostage"),
      .measure_sites = static_cast<std::uint32_t>(values.count("record.sites")),
  };
}

workloads::AmbiguousOptions ambiguous_options(const ParameterValues& values) {
  return {.rate = values.decimal("ambiguous.rate"),
          .life = values.count("ambiguous.life"),
          .seed = values.count("seed")};
}

workloads::PinPressureOptions pin_options(const ParameterValues& values) {
  const std::uint64_t rate = values.decimal("pin.rate");
  if (rate * 1024 % heap::kBillion != 0) {
    throw ParameterError(
        "pin.rate=" + values.canonical("pin.rate") +
        " is no whole number of pins for each GiB: take a multiple of 0.0009765625");
  }
  const bool old = values.is_word("pin.age");
  return {
      .share = values.share("pin.share"),
      .count = values.count("pin.count"),
      .rate = rate * 1024 / heap::kBillion,
      .lifetime = values.distribution("pin.lifetime"),
      .age = old ? 0 : static_cast<std::uint32_t>(values.count("pin.age")),
      .age_old = old,
      .placement = enum_of<collector::PinPlacement>(values, "pin.placement"),
      .batch = static_cast<std::uint32_t>(values.count("pin.batch")),
      .target = std::string(values.word("pin.target")),
      .site_pattern = values.text("pin.target_site"),
      .size_least = values.size("pin.target_least"),
      .size_most = values.size("pin.target_most"),
      .shape = std::string(values.word("pin.shape")),
      .seed = values.count("seed"),
      .limit = values.limit("pin.limit").base,
      .limit_per_call = values.limit("pin.limit").for_each_call,
      .limit_answer = enum_of<pinning::LimitAnswer>(values, "pin.limit_answer"),
      .early = values.duration("pin.early"),
      .late = values.duration("pin.late"),
      .leak = enum_of<workloads::PinLeakKind>(values, "pin.leak"),
      .leak_share = values.share("pin.leak_share"),
      .store_check = enum_of<pinning::StoreCheck>(values, "pin.store_check"),
      .site_sampling = values.count("pin.site_sampling"),
      .parents = values.share("pin.parents"),
  };
}

}  // namespace pinlab::harness
