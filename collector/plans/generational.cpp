// A copying nursery and a compacting old generation. With nursery.size=0 everything is born old.
#include "collector/full.hpp"
#include "collector/plan.hpp"
#include "collector/young.hpp"
#include "collector/young_settling.hpp"

#include <algorithm>

namespace pinlab::collector {

using heap::AddressRange;

namespace {

constexpr std::uint64_t kMillion = 1'000'000;
/// A nursery below this share of its size is not worth a young collection: blocks are out.
constexpr std::uint64_t kLeastNurseryShare = 4;

}  // namespace

AddressRange TwoGenerations::take(Generations& generations, std::size_t need) {
  if (generations.options.nursery_size == 0) {
    return generations.old.take(need, kRefillBytes);
  }
  const AddressRange range = take_nursery(generations, need);
  return range.empty() ? take_degraded(generations, need) : range;
}

AddressRange TwoGenerations::take_nursery(Generations& generations, std::size_t need) {
  heap::Heap& heap = generations.heap;
  const std::uint64_t nursery_size = generations.options.nursery_size;
  // Of blocks that are mostly old, what is born in their gaps counts; else the whole block does.
  const bool mixed = generations.mixed_bytes > 0;
  if (mixed && nursery_used_ >= nursery_size) {
    return {};
  }
  AddressRange range = generations.nursery.take_gap(need, kRefillBytes);
  if (!range.empty()) {
    nursery_used_ += mixed ? range.bytes() : 0;
    return range;
  }
  // Room for what will probably survive is left; should it not do, the rest stays where it is.
  const std::uint64_t reserve =
      generations.moves_young
          ? (nursery_used_ + heap.block_bytes()) / kMillion * survival_ppm_ + heap.block_bytes()
          : 0;
  const std::uint64_t room =
      heap.free_blocks() * heap.block_bytes() + generations.old_gaps->bytes();
  if (heap.free_blocks() > 0 &&
      nursery_used_ + heap.block_bytes() <= std::max(nursery_size, heap.block_bytes()) &&
      room > reserve) {
    range = generations.nursery.take(need, kRefillBytes);
    nursery_used_ += range.empty() ? 0 : heap.block_bytes();
  }
  return range;
}

AddressRange TwoGenerations::take_degraded(Generations& generations, std::size_t need) {
  const std::uint64_t nursery_size = generations.options.nursery_size;
  AddressRange range;
  if (nursery_used_ == 0 || nursery_used_ < nursery_size / kLeastNurseryShare) {
    // Free blocks are out: objects are born in the gaps beside islands until these are out too.
    range = generations.old.take_gap(need, kRefillBytes);
  } else if (cramped_ && generations.options.nursery_variants.cramped == Cramped::degraded &&
             degraded_ < nursery_size) {
    range = generations.old.take(need, kRefillBytes);
  }
  degraded_ += range.bytes();
  return range;
}

AddressRange TwoGenerations::grow(Generations& generations, std::size_t need) {
  return generations.old.take(need, kRefillBytes);
}

Next TwoGenerations::next(const Generations& generations) const {
  // A full collection ages the islands out of a nursery that they fill; or enough was born old
  // since the last young collection for another one.
  const std::uint64_t least = generations.options.nursery_size / kLeastNurseryShare;
  const bool degraded =
      degraded_ > 0 && generations.options.nursery_variants.cramped == Cramped::degraded;
  const bool worth_it = nursery_used_ > 0 && nursery_used_ >= least && (!cramped_ || degraded);
  return worth_it ? Next::young : Next::full;
}

void TwoGenerations::collect(Generations& generations,
                             const RootSet& roots,
                             PauseKind kind,
                             CompactEffort effort,
                             PauseReport& report) {
  report.degraded_bytes = degraded_;
  degraded_ = 0;
  if (kind == PauseKind::full) {
    collect_full(generations, roots, effort, report);
    open_old_gaps_to_young(generations);
  } else {
    const bool most_survive =
        generations.options.nursery_tenuring == Tenuring::adaptive && survival_ppm_ > kMillion / 2;
    collect_young(generations, roots,
                  {.survivals = most_survive ? 0 : generations.options.nursery_survivals}, report);
    survival_ppm_ = nursery_used_ == 0
                        ? 0
                        : std::min(kMillion, report.survivor_bytes * kMillion / nursery_used_);
  }
  measure_nursery(generations);
}

void TwoGenerations::measure_nursery(const Generations& generations) {
  const std::uint64_t size = generations.options.nursery_size;
  nursery_used_ =
      nursery_bytes(generations.heap) - generations.demoted_bytes - generations.mixed_bytes;
  const std::uint64_t room =
      size - std::min(size, nursery_used_) + generations.nursery_gaps->bytes();
  cramped_ = nursery_used_ > 0 && room < size / kLeastNurseryShare;
}

heap::Named<Plan> plan_generational() {
  return {"generational", "copying nursery, compacting old generation",
          "architecture of pinlab; Ungar 1984",
          [] { return std::unique_ptr<Plan>(std::make_unique<TwoGenerations>()); }};
}

}  // namespace pinlab::collector
