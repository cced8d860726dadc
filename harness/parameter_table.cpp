#include "harness/parameter_table.hpp"

#include "heap/object.hpp"
#include "heap/support/words.hpp"
#include "pinning/pin_limit.hpp"
#include "pinning/pin_set.hpp"
#include "harness/axes.hpp"
#include "harness/old_variants.hpp"
#include "harness/presets.hpp"

#include <algorithm>
#include <array>

namespace pinlab::harness {

namespace {

using heap::Parameter;
using heap::ParameterType;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;

constexpr auto kLivenesses = pinning::kLivenessNames;
constexpr std::span<const std::string_view> kLimitAnswers = pinning::kLimitAnswerNames;
constexpr std::array<std::string_view, 3> kStoreChecks = {"off", "arguments", "all"};
constexpr std::array<std::string_view, 4> kTargets = {"uniform", "site", "size", "io"};
constexpr std::array<std::string_view, 1> kAges = {"old"};
constexpr std::array<std::string_view, 1> kAnyDepth = {"any"};
constexpr std::array<std::string_view, 2> kTenurings = {"adaptive", "fixed"};
constexpr std::array<std::string_view, 3> kLockVariants = {"wait", "retry", "hold_back"};
constexpr std::array<std::string_view, 3> kEvacuates = {"all_but_islands", "by_class", "none"};
constexpr std::array<std::string_view, 2> kCramped = {"full", "degraded"};
constexpr std::array<std::string_view, 1> kNone = {"none"};
constexpr std::array<std::string_view, 2> kEfforts = {"adaptive", "exhaustive"};
constexpr std::array<std::string_view, 4> kVerifyLevels = {"none", "cheap", "full", "paranoid"};
constexpr std::array<std::string_view, 2> kVerifyWhens = {"after", "before_after"};
constexpr std::array<std::string_view, 3> kHeapMaps = {"none", "full", "all"};
constexpr std::array<std::string_view, 2> kCollections = {"all", "summary"};
constexpr std::array<std::string_view, 4> kDigests = {"sampled", "full", "heap", "none"};

// The choices of an axis are the names in its registry: all_parameters() fills them in.

constexpr auto kHeapParameters = std::to_array<Parameter>({
    {.name = "workload",
     .type = ParameterType::word,
     .default_text = "lru_churn",
     .summary = "which program runs"},
    {.name = "preset",
     .type = ParameterType::word,
     .default_text = "none",
     .summary = "one real collector, as far as the axes go: sets the defaults of the others"},
    {.name = "plan",
     .type = ParameterType::word,
     .default_text = "generational",
     .summary = "the algorithm of the collector as a whole"},
    {.name = "heap.max",
     .type = ParameterType::size,
     .default_text = "1GiB",
     .summary =
         "blocks, large objects and copy reserve together, rounded down to blocks; side tables "
         "are apart",
     .least = 64 * kKiB,
     .most = 16 * kGiB,
     .default_rule = "1GiB; 64MiB for adversaries"},
    {.name = "heap.block",
     .type = ParameterType::size,
     .default_text = "64KiB",
     .summary = "size of a block, a power of two",
     .least = 16 * kKiB,
     .most = kGiB,
     .default_rule = "64KiB; all of heap.max for adversaries"},
    {.name = "nursery.size",
     .type = ParameterType::size,
     .default_text = "64MiB",
     .summary = "size of the nursery; 0: none, everything is born old",
     .most = 16 * kGiB,
     .default_rule =
         "a sixteenth of heap.max in whole blocks, and at least one; 0 for adversaries"},
    {.name = "nursery.survivals",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "young collections that an object survives before it is promoted",
     .most = 7,
     .unit = "collections"},
    {.name = "nursery.tenuring",
     .type = ParameterType::word,
     .default_text = "adaptive",
     .summary = "whether nursery.survivals drops to 0 after a young collection that most survived",
     .choices = kTenurings},
    {.name = "nursery.route",
     .type = ParameterType::word,
     .default_text = "promote_block",
     .summary = "what a young collection does with a block that holds islands"},
    {.name = "nursery.lock",
     .type = ParameterType::word,
     .default_text = "wait",
     .summary = "with nursery.route=lock: what a request does that pins refuse: wait, give up "
                "after some retries, or hold back whoever could pin",
     .choices = kLockVariants},
    {.name = "nursery.lock_retries",
     .type = ParameterType::count,
     .default_text = "2",
     .summary = "with nursery.lock=retry: waits for pins to end before a request gives up",
     .most = 1U << 20U,
     .unit = "waits"},
    {.name = "nursery.evacuate",
     .type = ParameterType::word,
     .default_text = "all_but_islands",
     .summary = "what of a block with pins is copied out: all but islands, by class (what has "
                "references), or none",
     .choices = kEvacuates},
    {.name = "nursery.retain",
     .type = ParameterType::share,
     .default_text = "0",
     .summary = "a block with islands and less than this alive is tried again at the next young "
                "collection"},
    {.name = "nursery.give_up",
     .type = ParameterType::count,
     .default_text = "8",
     .summary = "young collections that a block is tried again",
     .most = 255,
     .unit = "collections"},
    {.name = "nursery.cement",
     .type = ParameterType::count,
     .default_text = "0",
     .summary = "so many old slots that refer to an island make it a root until the next full "
                "collection; 0: never",
     .most = std::uint64_t{1} << 32U,
     .unit = "slots"},
    {.name = "nursery.cramped",
     .type = ParameterType::word,
     .default_text = "full",
     .summary = "when islands leave the nursery too little room: a full collection ages them out, "
                "or objects are born old until the next young collection",
     .choices = kCramped},
    {.name = "nursery.sweep",
     .type = ParameterType::share,
     .default_text = "0",
     .summary =
         "a block of which this much is alive is swept in place instead of slid; 0: none is"},
    {.name = "nursery.promote",
     .type = ParameterType::share,
     .default_text = "0",
     .summary = "a block of which this much is pinned is promoted instead of demoted; 0: none is"},
    {.name = "nursery.copy",
     .type = ParameterType::share,
     .default_text = "0",
     .summary = "the young objects of a block are copied while its old ones take less than this; "
                "0: never"},
    {.name = "nursery.nailboards",
     .type = ParameterType::count,
     .default_text = "none",
     .summary = "blocks in a young collection for which a table of nails can be had",
     .most = std::uint64_t{1} << 32U,
     .choices = kNone,
     .unit = "tables"},
    {.name = "old.route",
     .type = ParameterType::word,
     .default_text = "slide_around",
     .summary = "where the survivors of the old generation go, around the islands"},
    {.name = "gap.reuse",
     .type = ParameterType::word,
     .default_text = "bump",
     .summary = "who may allocate in the gaps beside islands, and how a gap is found",
     .default_rule = "bump; buckets where plan=mark_sweep; first_fit for adversaries, best_fit for "
                     "best_fit_killer"},
    {.name = "gap.min",
     .type = ParameterType::size,
     .default_text = "2KiB",
     .summary = "a shorter gap is not offered to allocation",
     .least = 8,
     .most = kGiB,
     .default_rule = "2KiB; 8B for adversaries"},
    {.name = "compact.effort",
     .type = ParameterType::word,
     .default_text = "adaptive",
     .summary =
         "how much of the old generation a full collection may move: what pays, or all of it",
     .choices = kEfforts},
    {.name = "compact.rule",
     .type = ParameterType::word,
     .default_text = "threshold",
     .summary = "whether an adaptive full collection compacts at all"},
    {.name = "compact.least_free",
     .type = ParameterType::size,
     .default_text = "0B",
     .summary = "free bytes in used blocks, with fewer of which it moves nothing; CoreCLR has "
                "200000B",
     .most = collector::OldVariants::kUnlimited},
    {.name = "compact.least_share",
     .type = ParameterType::share,
     .default_text = "0",
     .summary = "the same as a share of used blocks; CoreCLR has 25%, Whippet 10%"},
    {.name = "compact.stop_share",
     .type = ParameterType::share,
     .default_text = "0.05",
     .summary = "with compact.rule=hysteresis: the free share of used blocks below which it ends; "
                "Whippet has 5%"},
    {.name = "compact.heap_share",
     .type = ParameterType::share,
     .default_text = "0.5",
     .summary = "with compact.rule=provisional: an old generation beyond this share of heap.max is "
                "compacted only when it grew; CoreCLR has 50%"},
    {.name = "compact.give_up",
     .type = ParameterType::count,
     .default_text = "0",
     .summary = "after so many compactions in a row that freed no block there are none, until less "
                "is immovable; 0: never",
     .most = 1U << 20U,
     .unit = "collections"},
});

constexpr auto kPinParameters = std::to_array<Parameter>({
    {.name = "pin.spread",
     .type = ParameterType::word,
     .default_text = "object",
     .summary = "how far the immobility of a pinned object spreads to its neighbours"},
    {.name = "pin.spread_line",
     .type = ParameterType::size,
     .default_text = "256B",
     .summary = "the unit of pin.spread=line, a power of two",
     .least = 8,
     .most = kGiB},
    {.name = "pin.spread_page",
     .type = ParameterType::size,
     .default_text = "4KiB",
     .summary = "the unit of pin.spread=page and eighth_page, a power of two",
     .least = 64,
     .most = kGiB},
    {.name = "pin.transitive",
     .type = ParameterType::count,
     .default_text = "0",
     .summary = "so many references beyond what is pinned, or an ambiguous root points into, may "
                "not move either; any: all that these lead to",
     .most = 1U << 20U,
     .choices = kAnyDepth,
     .unit = "references"},
    {.name = "pin.parents",
     .type = ParameterType::share,
     .default_text = "0",
     .summary = "the chance that nobody can update an object's slots, so that what they refer to "
                "may not move"},
    {.name = "pin.shape",
     .type = ParameterType::word,
     .default_text = "pinner",
     .summary = "the API that the program pins with"},
    {.name = "pin.liveness",
     .type = ParameterType::word,
     .default_text = "strong",
     .summary = "whether a pin keeps its object alive; if not, it ends with the object, and with "
                "crash so does the run",
     .choices = kLivenesses},
    {.name = "pin.limit",
     .type = ParameterType::limit,
     .default_text = "none",
     .summary = "how many pins may be held: N, or N+M with M more for each call that goes on",
     .least = 1},
    {.name = "pin.limit_answer",
     .type = ParameterType::word,
     .default_text = "crash",
     .summary =
         "what becomes of a pin beyond pin.limit: the run ends, the pin is not made, it waits "
         "until another one ends, or the object is copied out of the heap instead",
     .choices = kLimitAnswers},
    {.name = "pin.share",
     .type = ParameterType::share,
     .default_text = "0",
     .summary = "the chance that an object is pinned when it reaches pin.age"},
    {.name = "pin.count",
     .type = ParameterType::count,
     .default_text = "0",
     .summary = "or: so many pins are held at any time",
     .most = std::uint64_t{1} << 32U,
     .unit = "pins"},
    {.name = "pin.rate",
     .type = ParameterType::decimal,
     .default_text = "0",
     .summary = "or: so many pins are made for each MiB allocated",
     .most = 131072 * heap::kBillion,
     .unit = "pins for each MiB"},
    {.name = "pin.lifetime",
     .type = ParameterType::distribution,
     .default_text = "object",
     .summary =
         "how long a pin lasts: until the program drops the object, for ever, to the end of a "
         "scope, or bytes allocated, drawn from a distribution",
     .most = 1024 * kGiB,
     .choices = heap::kDistributionKinds},
    {.name = "pin.age",
     .type = ParameterType::count,
     .default_text = "0",
     .summary =
         "young collections that an object has survived when it is pinned; old: once promoted",
     .most = 7,
     .choices = kAges,
     .unit = "collections"},
    {.name = "pin.target",
     .type = ParameterType::word,
     .default_text = "uniform",
     .summary =
         "which objects are pinned; site and size look at the parameters below, io at functions",
     .choices = kTargets},
    {.name = "pin.target_site",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "with pin.target=site: a pattern for the names or call stacks of allocation "
                "sites, * for anything"},
    {.name = "pin.target_least",
     .type = ParameterType::size,
     .default_text = "0B",
     .summary = "with pin.target=size: objects of at least so many bytes",
     .most = 2 * kGiB},
    {.name = "pin.target_most",
     .type = ParameterType::size,
     .default_text = "2GiB",
     .summary = "with pin.target=size: objects of at most so many bytes",
     .most = 2 * kGiB},
    {.name = "pin.early",
     .type = ParameterType::duration,
     .default_text = "0B",
     .summary = "a pin ends so many bytes allocated before the last access of foreign code to its "
                "object: a bug, for the oracle to find",
     .most = 1024 * kGiB},
    {.name = "pin.late",
     .type = ParameterType::duration,
     .default_text = "0B",
     .summary = "or so many bytes after that access: nobody needs the pin any more",
     .most = 1024 * kGiB},
    {.name = "pin.leak",
     .type = ParameterType::word,
     .default_text = "none",
     .summary = "what holds the pins that the program forgets to end: nothing, a global, or the "
                "pinned object itself; none: it forgets no pin",
     .choices = workloads::kPinLeakKindNames},
    {.name = "pin.leak_share",
     .type = ParameterType::share,
     .default_text = "1",
     .summary = "with pin.leak: the chance that a pin is forgotten when its time has come"},
    {.name = "pin.store_check",
     .type = ParameterType::word,
     .default_text = "off",
     .summary = "which addresses are checked as they go to foreign code, whether all that they "
                "lead to is pinned: none, the arguments of calls (pins of a scope), or all",
     .choices = kStoreChecks},
    {.name = "pin.site_sampling",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "every so many-th pin carries the site that made it; 0: none does",
     .most = 1U << 20U,
     .unit = "pins"},
    {.name = "pin.placement",
     .type = ParameterType::word,
     .default_text = "anywhere",
     .summary =
         "where objects that will be pinned are put: anywhere; in a pinned space, where they are "
         "born, or migrate at the collection that their pin waits for; or pretenure: those of "
         "sites with pins at two collections are born there",
     .choices = collector::kPinPlacementNames},
    {.name = "pin.batch",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "how many pins are made one after another and end together",
     .least = 1,
     .most = 1U << 20U,
     .unit = "pins"},
    {.name = "ambiguous.stacks",
     .type = ParameterType::flag,
     .default_text = "false",
     .summary = "whether the stacks of the program hold words that may be references: what they "
                "point into may not move"},
    {.name = "ambiguous.rate",
     .type = ParameterType::decimal,
     .default_text = "0",
     .summary = "numbers that look like addresses in blocks, for each MiB of heap.max: what they "
                "point into by chance lives on and may not move",
     .most = 131072 * heap::kBillion,
     .unit = "words for each MiB"},
    {.name = "ambiguous.life",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "with ambiguous.rate: collections that such a number lasts, on the average",
     .least = 1,
     .most = 1U << 20U,
     .unit = "collections"},
});

constexpr auto kRunParameters = std::to_array<Parameter>({
    {.name = "seed",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "everything random comes from it"},
    {.name = "gc.threads",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "threads that collect; so far only 1",
     .least = 1,
     .most = 256,
     .unit = "threads"},
    {.name = "mutator.threads",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "threads of the program; more than 1 where the workload can, and then no digest",
     .least = 1,
     .most = 256,
     .unit = "threads"},
    {.name = "verify",
     .type = ParameterType::word,
     .default_text = "none",
     .summary = "how thoroughly the heap is checked at each collection",
     .choices = kVerifyLevels},
    {.name = "verify.when",
     .type = ParameterType::word,
     .default_text = "after",
     .summary = "whether it is checked after each collection, or before it too",
     .choices = kVerifyWhens},
    {.name = "record.collections",
     .type = ParameterType::word,
     .default_text = "all",
     .summary = "whether the record holds each collection, or the sums alone",
     .choices = kCollections},
    {.name = "record.digest",
     .type = ParameterType::word,
     .default_text = "sampled",
     .summary = "which digests are taken at the end: of heap and graph by a sample or in full, of "
                "the full heap alone, or none",
     .choices = kDigests},
    {.name = "record.heap_map",
     .type = ParameterType::word,
     .default_text = "none",
     .summary =
         "maps of the heap: none, after full collections, or after all; at most 512, thinned "
         "out by primes",
     .choices = kHeapMaps},
    {.name = "record.survival",
     .type = ParameterType::flag,
     .default_text = "false",
     .summary = "whether every object is followed, to know at full collections how old it is"},
    {.name = "record.hostage",
     .type = ParameterType::flag,
     .default_text = "true",
     .summary = "whether full collections are planned a second time without pins, to know what "
                "pins cost"},
    {.name = "record.sites",
     .type = ParameterType::count,
     .default_text = "4",
     .summary = "and once more without each of the largest pin sites, at most so many",
     .most = 64,
     .unit = "sites"},
    {.name = "record.pins",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "at full collections every so many-th pin is looked at, for its site and its age; "
                "0: none",
     .most = 1U << 20U,
     .unit = "pins"},
});

std::span<const std::string_view> preset_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all = {"none"};
    for (const Preset& preset : presets()) {
      all.push_back(preset.name);
    }
    return all;
  }();
  return names;
}

std::vector<Parameter> all_parameters() {
  std::vector<Parameter> table(kHeapParameters.begin(), kHeapParameters.end());
  const std::span<const Parameter> of_routes = old_variant_parameters();
  table.insert(table.end(), of_routes.begin(), of_routes.end());
  table.insert(table.end(), kPinParameters.begin(), kPinParameters.end());
  table.insert(table.end(), kRunParameters.begin(), kRunParameters.end());
  std::ranges::find(table, "preset", &Parameter::name)->choices = preset_names();
  for (const Axis& axis : axes()) {
    Parameter& parameter = *std::ranges::find(table, axis.parameter, &Parameter::name);
    parameter.choices = names_of_axis(axis.parameter);
    parameter.numbers = numbers_of_axis(axis.parameter);
  }
  return table;
}

}  // namespace

std::span<const Parameter> base_parameters() {
  static const std::vector<Parameter> table = all_parameters();
  return table;
}

std::vector<Parameter> parameters_with(const workloads::WorkloadEntry& workload) {
  std::vector<Parameter> table(base_parameters().begin(), base_parameters().end());
  table.insert(table.begin() + 1, workload.parameters.begin(), workload.parameters.end());
  return table;
}

const workloads::WorkloadEntry& workload_called(std::string_view name) {
  const auto known = workloads::workloads();
  const auto found = std::ranges::find(known, name, &workloads::WorkloadEntry::name);
  if (found == known.end()) {
    const auto names = names_of_axis("workload");
    throw heap::ParameterError("workload: " + heap::quoted_text(name) + " is none of " +
                               heap::joined(names) + heap::did_you_mean(name, names));
  }
  return *found;
}

}  // namespace pinlab::harness
