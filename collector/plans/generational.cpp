// A copying nursery and a compacting old generation. With nursery.size=0 everything is born old.
#include "collector/full.hpp"
#include "collector/plan.hpp"
#include "collector/young.hpp"

#include <algorithm>

namespace pinlab::collector {

using heap::AddressRange;

namespace {

constexpr std::uint64_t kMillion = 1'000'000;
/// A nursery below this share of its size is not worth a young collection: blocks are out.
constexpr std::uint64_t kLeastNurseryShare = 4;

}  // namespace

AddressRange TwoGenerations::take(Generations& generations, std::size_t need) {
  heap::Heap& heap = generations.heap;
  const std::uint64_t nursery_size = generations.options.nursery_size;
  if (nursery_size == 0) {
    return generations.old.take(need, kRefillBytes);
  }
  AddressRange range = generations.nursery.take_gap(need, kRefillBytes);
  if (!range.empty()) {
    return range;
  }
  // Room for what will probably survive is left; should it not do, the rest stays where it is.
  const std::uint64_t reserve =
      (nursery_used_ + heap.block_bytes()) / kMillion * survival_ppm_ + heap.block_bytes();
  const std::uint64_t room =
      heap.free_blocks() * heap.block_bytes() + generations.old_gaps->bytes();
  if (heap.free_blocks() > 0 &&
      nursery_used_ + heap.block_bytes() <= std::max(nursery_size, heap.block_bytes()) &&
      room > reserve) {
    range = generations.nursery.take(need, kRefillBytes);
    nursery_used_ += range.empty() ? 0 : heap.block_bytes();
    return range;
  }
  if (nursery_used_ > 0 && nursery_used_ >= nursery_size / kLeastNurseryShare) {
    return {};
  }
  // Free blocks are out: objects are born old in the gaps beside islands until these are out too.
  return generations.old.take_gap(need, kRefillBytes);
}

AddressRange TwoGenerations::grow(Generations& generations, std::size_t need) {
  return generations.old.take(need, kRefillBytes);
}

Next TwoGenerations::next(const Generations& generations) const {
  // A full collection ages the islands out of a nursery that they fill.
  const std::uint64_t least = generations.options.nursery_size / kLeastNurseryShare;
  const bool worth_it = nursery_used_ > 0 && nursery_used_ >= least && !cramped_;
  return worth_it ? Next::young : Next::full;
}

void TwoGenerations::collect(Generations& generations,
                             const RootSet& roots,
                             PauseKind kind,
                             CompactEffort effort,
                             PauseReport& report) {
  if (kind == PauseKind::full) {
    collect_full(generations, roots, effort, report);
  } else {
    const bool most_survive =
        generations.options.nursery_tenuring == Tenuring::adaptive && survival_ppm_ > kMillion / 2;
    collect_young(generations, roots,
                  {.survivals = most_survive ? 0 : generations.options.nursery_survivals}, report);
    survival_ppm_ = nursery_used_ == 0
                        ? 0
                        : std::min(kMillion, report.survivor_bytes * kMillion / nursery_used_);
  }
  nursery_used_ = nursery_bytes(generations.heap);
  const std::uint64_t size = generations.options.nursery_size;
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
