#include "harness/metrics.hpp"

#include <array>

namespace pinlab::harness {

namespace {

using enum Better;

constexpr auto kMetrics = std::to_array<Metric>({
    {"collections.young", "summary.exact.collections.young", "collections", lower,
     "young collections"},
    {"collections.full", "summary.exact.collections.full", "collections", lower,
     "full collections"},
    {"allocated", "summary.exact.allocated", "bytes", neither,
     "bytes allocated by the program: the allocation clock at its end"},
    {"promoted", "summary.exact.promoted", "bytes", lower,
     "bytes that became old, by copy or in place"},
    {"moved", "summary.exact.moved", "bytes", lower,
     "bytes that collections moved: copied out of the nursery, or moved by the compactor"},
    {"live.last", "summary.exact.live.last", "bytes", neither,
     "bytes of reachable objects at the last full collection"},
    {"live.peak", "summary.exact.live.peak", "bytes", neither,
     "bytes of reachable objects, the most at any full collection"},
    {"live_peak", "summary.exact.live_peak", "bytes", neither,
     "most bytes live at a time, from where live_source says: the denominator of space_overhead"},
    {"used_last", "summary.exact.used_last", "bytes", lower,
     "bytes of blocks that are not free, and large objects, after the last full collection"},
    {"used_peak", "summary.exact.used_peak", "bytes", lower,
     "bytes of blocks that are not free, and large objects, the most before or after any "
     "collection"},
    {"committed_peak", "summary.exact.committed_peak", "bytes", lower,
     "bytes that the system had given, the most before or after any collection"},
    {"space_overhead", "summary.exact.space_overhead", "parts per million", lower,
     "used_peak / live_peak (Johnstone and Wilson's fourth)"},
    {"external", "summary.exact.fragmentation.external", "parts per million", lower,
     "1 - largest free run / all free bytes, after the last full collection"},
    {"unusable_contiguous.256", "summary.exact.fragmentation.unusable_contiguous.256",
     "parts per million", lower,
     "share of free bytes in runs shorter than 256 bytes, after the last full collection"},
    {"unusable_contiguous.4096", "summary.exact.fragmentation.unusable_contiguous.4096",
     "parts per million", lower,
     "share of free bytes in runs shorter than 4 KiB, after the last full collection"},
    {"unusable_contiguous.65536", "summary.exact.fragmentation.unusable_contiguous.65536",
     "parts per million", lower,
     "share of free bytes in runs shorter than 64 KiB, after the last full collection"},
    {"unusable_contiguous.1048576", "summary.exact.fragmentation.unusable_contiguous.1048576",
     "parts per million", lower,
     "share of free bytes in runs shorter than 1 MiB, after the last full collection"},
    {"unusable_packed.256", "summary.exact.fragmentation.unusable_packed.256", "parts per million",
     lower,
     "1 - s * sum of floor(run / s) / free bytes, for s = 256 bytes, after the last full "
     "collection"},
    {"unusable_packed.4096", "summary.exact.fragmentation.unusable_packed.4096",
     "parts per million", lower,
     "1 - s * sum of floor(run / s) / free bytes, for s = 4 KiB, after the last full collection"},
    {"unusable_packed.65536", "summary.exact.fragmentation.unusable_packed.65536",
     "parts per million", lower,
     "1 - s * sum of floor(run / s) / free bytes, for s = 64 KiB, after the last full collection"},
    {"unusable_packed.1048576", "summary.exact.fragmentation.unusable_packed.1048576",
     "parts per million", lower,
     "1 - s * sum of floor(run / s) / free bytes, for s = 1 MiB, after the last full collection"},
    {"hostage", "summary.exact.fragmentation.hostage.last", "bytes", lower,
     "used after the last full collection less used after the same collection planned without "
     "pins"},
    {"hostage.peak", "summary.exact.fragmentation.hostage.peak", "bytes", lower,
     "hostage bytes, the most at any full collection"},
    {"hostage_byte_time", "summary.exact.fragmentation.hostage_byte_time", "KiB x KiB", lower,
     "hostage bytes integrated over the allocation clock, each full collection's until the next "
     "one"},
    {"held", "summary.exact.fragmentation.held.last", "bytes", lower,
     "free bytes in blocks that are kept only because of an island, after the last full "
     "collection"},
    {"held.peak", "summary.exact.fragmentation.held.peak", "bytes", lower,
     "held bytes, the most at any full collection"},
    {"amplification", "summary.exact.fragmentation.amplification", "parts per million", lower,
     "(hostage + pinned) / pinned bytes at the last full collection"},
    {"pinned_space.live", "summary.exact.pins.placement.live.last", "bytes", neither,
     "bytes alive in the pinned space, pinned or not, at the last full collection"},
    {"pinned_space.blocks", "summary.exact.pins.placement.blocks.peak", "blocks", lower,
     "blocks of the pinned space, the most after any collection"},
    {"gaps.reused", "summary.exact.gaps.reused", "bytes", neither,
     "bytes of gaps of old blocks that went to objects"},
    {"gaps.burned", "summary.exact.gaps.burned", "bytes", lower,
     "bytes of gaps that gap.reuse gave up until the next full collection: misfits and tails"},
    {"gaps.usable_share", "summary.exact.gaps.usable_share", "parts per million", higher,
     "share of the bytes of offered gaps that surely serve the requests seen"},
    {"gaps.residual", "summary.exact.gaps.residual.last", "bytes", lower,
     "bytes left over in gaps that the last full collection filled and closed"},
    {"gaps.refilled", "summary.exact.gaps.refilled", "bytes", neither,
     "bytes moved to gaps of blocks that were not emptied"},
    {"gaps.stayed", "summary.exact.gaps.stayed", "bytes", lower,
     "bytes that full collections meant to move, but found no room for"},
    {"gaps.vetoed", "summary.exact.gaps.vetoed", "bytes", lower,
     "bytes of candidates of compaction that were dropped because of pins"},
    {"ambiguous.bytes", "summary.exact.beyond_pins.ambiguous.last", "bytes", neither,
     "bytes of objects that only ambiguous roots held in place, at the last full collection"},
    {"ambiguous.hostage", "summary.exact.beyond_pins.ambiguous_hostage.last", "bytes", lower,
     "used after the last full collection less used as planned without ambiguous roots"},
    {"flowed.bytes", "summary.exact.beyond_pins.flowed.last", "bytes", neither,
     "bytes of objects that pins held in place through references, at the last full collection"},
    {"children.bytes", "summary.exact.beyond_pins.children.last", "bytes", neither,
     "bytes of objects that slots held in place which cannot be updated, at the last full "
     "collection"},
    {"pins.made", "summary.exact.pins.made", "pins", neither, "pins that were made"},
    {"pins.peak", "summary.exact.pins.peak", "pins", neither, "the most pins held at a time"},
    {"pins.peak_bytes", "summary.exact.pins.peak_bytes", "bytes", neither,
     "bytes of pinned objects, the most at a time"},
    {"pins.leaked", "summary.exact.pins.leaked", "pins", lower,
     "pins that a set still had when it ended"},
    {"pause_work", "summary.exact.pause_work.sum", "ns of a reference machine", lower,
     "objects, slots, bytes, lines and cards handled in pauses, weighted: the deterministic "
     "stand-in for their time"},
    {"proof.routed", "summary.exact.proof.routed", "objects", neither,
     "objects that were moved around an island or a block's end"},
    {"proof.alive_by_pin_alone", "summary.exact.proof.alive_by_pin_alone", "objects", neither,
     "objects that only a pin kept alive, summed over collections"},
    {"total", "summary.timed.total", "ns", lower, "time of the program's run, measuring included"},
    {"measuring", "summary.timed.measuring", "ns", neither,
     "time that measuring and checking took: shadow plans, census, verification"},
    {"mutator", "summary.timed.mutator", "ns", lower, "total without pauses and measuring"},
    {"pauses.young.p50", "summary.timed.pauses.young.p50", "ns", lower, "median young pause"},
    {"pauses.young.p99", "summary.timed.pauses.young.p99", "ns", lower,
     "99th percentile of young pauses"},
    {"pauses.young.max", "summary.timed.pauses.young.max", "ns", lower, "longest young pause"},
    {"pauses.young.total", "summary.timed.pauses.young.total", "ns", lower, "sum of young pauses"},
    {"pauses.full.p50", "summary.timed.pauses.full.p50", "ns", lower, "median full pause"},
    {"pauses.full.p99", "summary.timed.pauses.full.p99", "ns", lower,
     "99th percentile of full pauses"},
    {"pauses.full.max", "summary.timed.pauses.full.max", "ns", lower, "longest full pause"},
    {"pauses.full.total", "summary.timed.pauses.full.total", "ns", lower, "sum of full pauses"},
    {"mmu.1ms", "summary.timed.mmu.1ms", "parts per million", higher,
     "minimum mutator utilisation: the least share of any 1 ms of the run that is no pause"},
    {"mmu.10ms", "summary.timed.mmu.10ms", "parts per million", higher, "the same for any 10 ms"},
    {"mmu.100ms", "summary.timed.mmu.100ms", "parts per million", higher,
     "the same for any 100 ms"},
    {"mmu.1s", "summary.timed.mmu.1s", "parts per million", higher, "the same for any second"},
    {"stall.max", "summary.timed.stall.max", "ns", lower, "the longest that an allocation waited"},
});

}  // namespace

std::span<const Metric> metrics() {
  return kMetrics;
}

std::string_view name_of(Better better) {
  constexpr std::array<std::string_view, 3> names = {"lower", "higher", "neither"};
  return names[static_cast<std::size_t>(better)];
}

bool is_exact(const Metric& metric) {
  return metric.path.starts_with("summary.exact.");
}

}  // namespace pinlab::harness
