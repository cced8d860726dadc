#include "collector/move_plan.hpp"

#include "collector/placement.hpp"
#include "collector/slide.hpp"

#include <algorithm>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
namespace state = heap::block_state;

namespace {

/// One above the index of each block among the sources; 0: it is none.
std::vector<Stage> stages_of(const heap::Heap& heap, const SourceList& sources) {
  std::vector<Stage> stages(heap.block_count(), 0);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    stages[heap::index_of(sources[i])] = static_cast<Stage>(i + 1);
  }
  return stages;
}

/// One computation of a plan. With kRecord it leaves its traces beside the heap.
template <bool kRecord>
class Planner {
 public:
  Planner(heap::Heap& heap,
          const Itinerary& itinerary,
          const PlanRules& rules,
          const LiveParts* parts,
          MovePlan& plan)
      : heap_(heap),
        itinerary_(itinerary),
        rules_(rules),
        parts_(parts),
        plan_(plan),
        stages_(stages_of(heap, itinerary.sources)) {}

  void run() {
    plan_.fit = itinerary_.fit;
    plan_.blocks = itinerary_.sources;
    plan_.sources = itinerary_.sources.size();
    for (const Block block : itinerary_.destinations) {
      list_gaps(block);
    }
    if (itinerary_.is_slide() && itinerary_.fit == Fit::next) {
      slide();
    } else {
      place();
    }
    if constexpr (kRecord) {
      plan_.splits.push_back({0, 0});  // so that the last line's splits have an end
    }
    std::ranges::sort(plan_.stays, {}, &AddressRange::base);
    find_last_used();
    find_kept();
    list_emptied();
  }

 private:
  [[nodiscard]] Stage stage(Block block) const { return stages_[heap::index_of(block)]; }

  void list_gap(Address base, Address limit, Stage stage) {
    if (base < limit) {
      plan_.gaps.push_back({base, base, limit});
      gap_stages_.push_back(stage);
    }
  }

  void list_gaps(Block block) {
    const AddressRange range = heap_.range_of(block);
    if (stage(block) > 0) {
      Address base = range.base;
      for (const AddressRange& island : plan_.islands.in(range)) {
        list_gap(base, island.base, stage(block));
        base = island.limit;
      }
      list_gap(base, range.limit, stage(block));
    } else if (heap_.state(block) == state::kFree) {
      plan_.blocks.push_back(block);
      list_gap(range.base, range.limit, 0);
    } else {
      plan_.refilled.push_back(block);
      heap_.marks().for_each_gap(range, rules_.gap_min,
                                 [this](AddressRange gap) { list_gap(gap.base, gap.limit, 0); });
    }
  }

  void slide() {
    Slide<kRecord> slide(heap_, parts_, plan_);
    for_each_source([&](std::size_t index, AddressRange range) {
      slide.foresee(index);
      slide.block(range, plan_.islands.in(range));
    });
  }

  void place() {
    OpenGaps gaps(itinerary_.fit, rules_.open_gaps, plan_.gaps, gap_stages_);
    Placement<kRecord> placement(heap_, plan_, gaps);
    for_each_source([&](std::size_t index, AddressRange range) {
      gaps.enter(static_cast<Stage>(index + 1));
      placement.block(range, plan_.islands.in(range));
    });
  }

  template <class Visit>
  void for_each_source(Visit&& visit) const {
    for (std::size_t i = 0; i < plan_.sources; ++i) {
      if ((heap_.state(plan_.blocks[i]) & state::kOld) != 0) {
        visit(i, heap_.range_of(plan_.blocks[i]));
      }
    }
  }

  void find_last_used() {
    for (std::size_t i = 0; i < plan_.gaps.size(); ++i) {
      if (plan_.gaps[i].filled > plan_.gaps[i].base) {
        plan_.last_used_gap = i;
      }
    }
  }

  void find_kept() {
    std::vector<std::uint8_t> kept(heap_.block_count(), 0);
    const auto keep = [&](Address a) { kept[heap::index_of(heap_.block_of(a))] = 1; };
    for (const AddressRange& stay : plan_.stays) {
      keep(stay.base);
    }
    for (const PlannedGap& gap : plan_.gaps) {
      if (gap.filled > gap.base) {
        keep(gap.base);
      }
    }
    plan_.keeps.resize(plan_.blocks.size());
    for (std::size_t i = 0; i < plan_.blocks.size(); ++i) {
      const bool has_islands = plan_.islands.of(plan_.blocks[i]).count > 0;
      plan_.keeps[i] = has_islands ? 1 : kept[heap::index_of(plan_.blocks[i])];
    }
  }

  /// The gaps of the sources that nothing goes to: between what may not move and what stays.
  void list_emptied() {
    std::vector<std::uint8_t> filled(heap_.block_count(), 0);
    for (const Block block : itinerary_.destinations) {
      filled[heap::index_of(block)] = 1;
    }
    for (std::size_t i = 0; i < plan_.sources; ++i) {
      const Block block = plan_.blocks[i];
      if (filled[heap::index_of(block)] != 0 || plan_.keeps[i] == 0) {
        continue;
      }
      const AddressRange range = heap_.range_of(block);
      const auto islands = plan_.islands.in(range);
      const auto stays = ranges_in(plan_.stays, range);
      std::vector<AddressRange> kept(islands.size() + stays.size());
      std::ranges::merge(islands, stays, kept.begin(), {}, &AddressRange::base,
                         &AddressRange::base);
      Address base = range.base;
      for (const AddressRange& part : kept) {
        list_gap(base, part.base, 0);
        base = part.limit;
      }
      list_gap(base, range.limit, 0);
    }
  }

  heap::Heap& heap_;
  const Itinerary& itinerary_;
  const PlanRules& rules_;
  const LiveParts* parts_;
  MovePlan& plan_;
  std::vector<Stage> stages_;
  std::vector<Stage> gap_stages_;
};

}  // namespace

std::uint64_t MovePlan::residual_bytes() const {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < closed_gaps(); ++i) {
    bytes += gaps[i].limit - gaps[i].filled;
  }
  return bytes;
}

MovePlan plan_moves(heap::Heap& heap,
                    const LiveSet& live,
                    Itinerary itinerary,
                    IslandMap islands,
                    const PlanRules& rules) {
  MovePlan plan;
  plan.islands = std::move(islands);
  plan.largest = live.largest;
  Planner<true>(heap, itinerary, rules, nullptr, plan).run();
  for (const Block block : plan.blocks) {
    if (heap.state(block) != state::kFree) {
      heap.state(block) |= state::kSource;
    }
  }
  return plan;
}

std::vector<Block> plan_used_blocks(heap::Heap& heap,
                                    const LiveSet& live,
                                    const Itinerary& itinerary,
                                    const IslandMap& islands,
                                    const PlanRules& rules,
                                    const LiveParts* parts) {
  MovePlan scratch;
  scratch.islands = islands;
  scratch.largest = live.largest;
  Planner<false>(heap, itinerary, rules, parts, scratch).run();
  std::vector<Block> used;
  for (std::size_t i = 0; i < scratch.blocks.size(); ++i) {
    if (scratch.keeps[i] != 0) {
      used.push_back(scratch.blocks[i]);
    }
  }
  return used;
}

}  // namespace pinlab::collector
