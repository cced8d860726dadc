#include "harness/presets.hpp"

#include <array>

namespace pinlab::harness {

namespace {

constexpr auto kCoreclr = std::to_array<PresetSetting>({{"plan", "generational"},
                                                        {"heap.block", "4MiB"},
                                                        {"nursery.route", "region_demote"},
                                                        {"nursery.sweep", "0.9"},
                                                        {"old.route", "slide_around"},
                                                        {"compact.least_share", "0.1"},
                                                        {"gap.reuse", "first_fit_burn"},
                                                        {"gap.min", "96B"},
                                                        {"pin.spread", "object"}});
constexpr auto kSgen = std::to_array<PresetSetting>({{"plan", "generational"},
                                                     {"heap.block", "16KiB"},
                                                     {"nursery.route", "fragments"},
                                                     {"nursery.cement", "1000"},
                                                     {"nursery.cramped", "degraded"},
                                                     {"old.route", "skip_block"},
                                                     {"gap.reuse", "buckets"},
                                                     {"gap.min", "512B"},
                                                     {"pin.spread", "object"}});
constexpr auto kG1 = std::to_array<PresetSetting>({{"plan", "generational"},
                                                   {"heap.block", "1MiB"},
                                                   {"nursery.route", "promote_block"},
                                                   {"nursery.evacuate", "by_class"},
                                                   {"nursery.retain", "0.85"},
                                                   {"nursery.give_up", "8"},
                                                   {"old.route", "skip_block"},
                                                   {"old.skipped_gaps", "none"},
                                                   {"gap.reuse", "filler"},
                                                   {"pin.spread", "class"}});
constexpr auto kShenandoah = std::to_array<PresetSetting>({{"plan", "generational"},
                                                           {"heap.block", "256KiB"},
                                                           {"nursery.size", "0"},
                                                           {"old.route", "skip_block"},
                                                           {"old.skipped_gaps", "tail"},
                                                           {"gap.reuse", "bump"},
                                                           {"pin.spread", "block"}});
constexpr auto kNativeImage = std::to_array<PresetSetting>({{"plan", "generational"},
                                                            {"heap.block", "512KiB"},
                                                            {"nursery.route", "promote_block"},
                                                            {"nursery.evacuate", "none"},
                                                            {"old.route", "skip_block"},
                                                            {"gap.reuse", "none"},
                                                            {"pin.spread", "block"}});
constexpr auto kImmix = std::to_array<PresetSetting>({{"plan", "generational"},
                                                      {"heap.block", "32KiB"},
                                                      {"nursery.route", "sticky"},
                                                      {"old.route", "evacuate_around"},
                                                      {"old.headroom", "0.02"},
                                                      {"gap.reuse", "lines"},
                                                      {"gap.min", "256B"},
                                                      {"pin.spread", "line"},
                                                      {"pin.spread_line", "256B"}});
constexpr auto kWhippet = std::to_array<PresetSetting>({{"plan", "generational"},
                                                        {"heap.block", "64KiB"},
                                                        {"nursery.route", "sticky"},
                                                        {"old.route", "evacuate_around"},
                                                        {"compact.least_share", "0.1"},
                                                        {"old.headroom", "0.02"},
                                                        {"gap.reuse", "bump"},
                                                        {"gap.min", "16B"},
                                                        {"pin.spread", "object"}});
constexpr auto kSbcl = std::to_array<PresetSetting>({{"plan", "generational"},
                                                     {"heap.block", "32KiB"},
                                                     {"nursery.route", "wipe"},
                                                     {"old.route", "evacuate_around"},
                                                     {"gap.reuse", "none"},
                                                     {"pin.spread", "object"}});
constexpr auto kSbclMarkRegion = std::to_array<PresetSetting>({{"plan", "generational"},
                                                               {"heap.block", "32KiB"},
                                                               {"nursery.route", "sticky"},
                                                               {"old.route", "late_veto"},
                                                               {"old.utilisation", "0.5"},
                                                               {"old.overhead", "1.3"},
                                                               {"compact.budget", "30MiB"},
                                                               {"gap.reuse", "lines"},
                                                               {"gap.min", "128B"},
                                                               {"pin.spread", "line"},
                                                               {"pin.spread_line", "128B"}});
constexpr auto kV8 = std::to_array<PresetSetting>({{"plan", "generational"},
                                                   {"heap.block", "256KiB"},
                                                   {"nursery.route", "quarantine"},
                                                   {"old.route", "late_veto"},
                                                   {"gap.reuse", "buckets"},
                                                   {"gap.min", "16B"},
                                                   {"pin.spread", "object"}});
constexpr auto kChez = std::to_array<PresetSetting>({{"plan", "generational"},
                                                     {"heap.block", "16KiB"},
                                                     {"nursery.route", "promote_block"},
                                                     {"old.route", "evacuate_around"},
                                                     {"gap.reuse", "none"},
                                                     {"pin.spread", "object"}});
constexpr auto kCruby = std::to_array<PresetSetting>({{"plan", "generational"},
                                                      {"heap.block", "64KiB"},
                                                      {"nursery.size", "0"},
                                                      {"old.route", "fill_most_pinned"},
                                                      {"gap.reuse", "buckets"},
                                                      {"gap.min", "40B"},
                                                      {"pin.spread", "object"}});
constexpr auto kGhc = std::to_array<PresetSetting>({{"plan", "generational"},
                                                    {"heap.block", "16KiB"},
                                                    {"nursery.route", "promote_block"},
                                                    {"nursery.evacuate", "none"},
                                                    {"old.route", "segregated"},
                                                    {"gap.reuse", "none"},
                                                    {"pin.spread", "block"}});
constexpr auto kMps = std::to_array<PresetSetting>({{"plan", "generational"},
                                                    {"heap.block", "64KiB"},
                                                    {"nursery.route", "nailboard"},
                                                    {"old.route", "evacuate_around"},
                                                    {"gap.reuse", "none"},
                                                    {"pin.spread", "object"}});
constexpr auto kGo =
    std::to_array<PresetSetting>({{"plan", "mark_sweep"}, {"gap.reuse", "buckets"}});
constexpr auto kGclocker = std::to_array<PresetSetting>({{"plan", "generational"},
                                                         {"nursery.route", "lock"},
                                                         {"nursery.lock", "retry"},
                                                         {"nursery.lock_retries", "2"},
                                                         {"old.route", "slide_around"},
                                                         {"gap.reuse", "none"},
                                                         {"pin.spread", "object"}});

constexpr auto kPresets = std::to_array<Preset>({
    {"coreclr", "islands are demoted with their regions, plugs slide around them",
     ".NET runtime, src/coreclr/gc/gc.cpp: plan_phase, process_remaining_regions, SIP",
     "the promotion rules by card marking and by 6 MB pins, provisional mode, the pinned object "
     "heap "
     "(use old.route=segregated), a generation between young and old",
     kCoreclr},
    {"sgen",
     "islands stay in the nursery as fragments and are cemented; pinned old blocks are swept",
     "Mono, mono/sgen: sgen-nursery-allocator.c, sgen-cardtable.c, sgen-cement",
     "conservative roots; "
     "a concurrent major collection; mark-sweep as the default of the old generation",
     kSgen},
    {"g1", "a region with a pinned array keeps its primitive arrays and becomes old",
     "OpenJDK 22 and later, JEP 423: g1YoungCollector.cpp, g1CollectionSetCandidates.cpp",
     "concurrent marking, mixed collections, remembered sets by region, parallel evacuation", kG1},
    {"shenandoah", "a pinned region leaves the collection set; only its tail stays open",
     "OpenJDK, shenandoahHeapRegion.cpp and shenandoahCollectionSet.cpp (single generation)",
     "concurrent evacuation and its barriers, the choice of regions by garbage", kShenandoah},
    {"native_image", "an aligned chunk with a pinned object is promoted whole",
     "GraalVM Native Image, com.oracle.svm.core.genscavenge: Space.promoteAlignedHeapChunk",
     "several survivor spaces, the compacting old generation of later releases", kNativeImage},
    {"immix", "survivors stay or are copied out of sparse blocks; lines with pins are kept",
     "MMTk core, policy/immix and plan/sticky/immix; Blackburn and McKinley, PLDI 2008",
     "the overflow block for medium objects is a part of gap.reuse=lines only; parallel tracing",
     kImmix},
    {"whippet", "sticky marks by granules; sparse blocks are evacuated above 10 % fragmentation",
     "Whippet, src/nofl-space.h and src/mmc.c",
     "the end of compaction below 5 % fragmentation, conservative roots, lazy sweeping", kWhippet},
    {"sbcl", "everything but the pins is copied; their pages are wiped and closed",
     "SBCL gencgc, src/runtime/gencgc.c: wipe_nonpinned_words, pin_object",
     "ambiguous roots, six generations, an old generation that is copied as the nursery is", kSbcl},
    {"sbcl_mark_region", "targets are picked before pins are known, and lost to them",
     "SBCL, src/runtime/mark-region.c and incremental-compact.c",
     "ambiguous roots; targets come from this collection's marks, not from the last one's",
     kSbclMarkRegion},
    {"v8", "a page with pins is quarantined in the nursery; old pages abort their evacuation",
     "V8, src/heap/scavenger.cc and mark-compact.cc: quarantined pages, aborted pages",
     "conservative stacks, parallel scavenging, promotion of quarantined pages "
     "(nursery.route=quarantine_promote)",
     kV8},
    {"chez", "a segment with locked objects keeps them and is promoted",
     "Chez Scheme, c/gc.c: locked objects, sweep_generation",
     "as many generations as the program asks for, segments by kind of object", kChez},
    {"cruby", "two cursors meet: the most pinned pages are filled first",
     "Ruby 3.3, gc.c: gc_compact_start, gc_sort_heap_by_compare_func, gc_compact_move",
     "slots of fixed sizes, conservative stacks, marking by generations without moving", kCruby},
    {"ghc", "pinned objects keep their blocks, which nothing else moves to",
     "GHC rts/sm/Storage.c: allocatePinned; rts/sm/Evac.c: evacuate_large",
     "pinned byte arrays are born in blocks of their own there, large-object style", kGhc},
    {"mps", "a nailed segment keeps what its nailboard marks; what is between is padded",
     "Ravenbrook MPS, code/poolamc.c and code/nailboard.c",
     "ambiguous references, barriers by page protection, many generations", kMps},
    {"go", "nothing moves: a pin costs nothing, and neither does it gain anything",
     "Go, runtime/mgc.go, runtime/msize.go, runtime/pinner.go",
     "concurrent marking, spans of one size class each, per-processor caches", kGo},
    {"gclocker", "no collection begins while anything is pinned; retries, then out of memory",
     "OpenJDK up to 21, gcLocker.cpp with GCLockerRetryAllocationCount=2",
     "critical sections by thread instead of pins by object", kGclocker},
});

}  // namespace

std::span<const Preset> presets() {
  return kPresets;
}

}  // namespace pinlab::harness
