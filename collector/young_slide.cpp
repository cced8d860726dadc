#include "collector/young_slide.hpp"

#include "collector/compact.hpp"
#include "collector/move_observer.hpp"
#include "collector/phase_timer.hpp"

#include <algorithm>
#include <bit>
#include <span>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

constexpr std::uint8_t kMarked = state::kNursery | state::kFrom | state::kIslands | state::kKeeps;

/// What the plan of a young slide is made from.
struct SlideSources {
  SourceList blocks;
  IslandList islands;
  LiveSet live;
};

SlideSources choose_sources(Generations& generations, const std::vector<Block>& blocks) {
  const heap::Heap& heap = generations.heap;
  SlideSources sources;
  for (const Block block : blocks) {
    const AddressRange range = heap.range_of(block);
    BlockCensus census{.block = block, .bytes = range.bytes()};
    std::size_t largest = 0;
    IslandList islands;
    // Companions and weakly pinned objects that nothing reached are no islands: others may slide
    // there.
    for (Address line = range.base; line < range.limit; line += heap::kLineBytes) {
      heap.immovable(line) &= heap.marks().line(line).start;
    }
    heap.marks().for_each_start(range, [&](Address start) {
      const AddressRange object = ObjectRef(start).range();
      census.live += object.bytes();
      largest = std::max(largest, object.bytes());
      if (heap.is_immovable(start)) {
        if (!islands.empty() && islands.back().limit == start) {
          islands.back().limit = object.limit;
        } else {
          islands.push_back(object);
        }
      }
    });
    if (generations.nursery_route->slides(census)) {
      sources.blocks.push_back(block);
      sources.islands.insert(sources.islands.end(), islands.begin(), islands.end());
      sources.live.largest = std::max(sources.live.largest, largest);
    }
  }
  return sources;
}

/// The first block above all survivors that move.
std::uint32_t limit_of(const heap::Heap& heap, const MovePlan& plan) {
  if (plan.live_granules == 0) {
    return 0;
  }
  return heap::index_of(heap.block_of(plan.gaps[plan.last_used_gap].base)) + 1;
}

/// Every edge learns of the moves. An edge to what may stay young keeps its card dirty.
class EdgeUpdate {
 public:
  EdgeUpdate(const heap::Heap& heap, const MovePlan& plan, std::uint32_t limit)
      : heap_(heap), forward_(heap, plan), limit_(limit) {}

  /// The slot, which will lie at `later` when the objects have moved.
  void edge(Address slot, Address later) const {
    const Address target(slot.word());
    if (!target || (heap_.state(target) & (state::kSource | state::kFrom)) == 0) {
      return;
    }
    const Address to = forward_(target);
    slot.word() = to.value();
    const bool source = (heap_.state(target) & state::kSource) != 0;
    if (!source || heap::index_of(heap_.block_of(to)) >= limit_) {
      heap_.card(later) = 1;
    }
  }

  void object(ObjectRef object) const {
    const Address to = forward_(object.address());
    for (std::size_t i = 0; i < object.references(); ++i) {
      edge(object.slot(i), ObjectRef(to).slot(i));
    }
  }

  void root(Address slot) const { slot.word() = forward_(Address(slot.word())).value(); }

 private:
  const heap::Heap& heap_;
  Forwarding forward_;
  std::uint32_t limit_;
};

void update_edges(Generations& generations,
                  const RootSet& roots,
                  const std::vector<Block>& blocks,
                  const std::vector<Address>& remembered,
                  const EdgeUpdate& update,
                  PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::update);
  heap::Heap& heap = generations.heap;
  for (const Block block : blocks) {
    heap.clear_cards(heap.range_of(block));
  }
  for (const Block block : blocks) {
    heap.marks().for_each_start(heap.range_of(block),
                                [&](Address start) { update.object(ObjectRef(start)); });
  }
  for (const Address slot : remembered) {
    update.edge(slot, slot);
  }
  const auto root = [&](Address slot) {
    if (slot.word() != 0) {
      update.root(slot);
    }
  };
  roots.for_each(root);
  generations.pins.for_each_owned_set([&](pinning::PinSet& set) { root(set.owner_slot()); });
  roots.for_each_weak(root);  // those of the dead are null by now
}

/// After the moves: what is not the free end of a gap is alive.
void restore_live(heap::Heap& heap, const MovePlan& plan) {
  for (std::size_t i = 0; i < plan.blocks.size(); ++i) {
    const AddressRange range = heap.range_of(plan.blocks[i]);
    const std::uint64_t live = plan.keeps[i] != 0 ? ~std::uint64_t{0} : 0;
    for (Address line = range.base; line < range.limit; line += heap::kLineBytes) {
      heap.marks().line(line).live = live;
    }
    heap.state(plan.blocks[i]) = kMarked;
  }
  for (const PlannedGap& gap : plan.gaps) {
    if (gap.filled < gap.limit) {
      heap.marks().clear_live({gap.filled, gap.limit});
    }
  }
}

/// What survived without moving are the islands, and the blocks that did not slide.
void count_in_place(const heap::Heap& heap, const MovePlan& plan, PauseReport& report) {
  for (const Block block : plan.blocks) {
    heap.marks().for_each_start(heap.range_of(block), [&](Address start) {
      if (!heap.is_immovable(start)) {
        --report.in_place_objects;
        report.in_place_bytes -= ObjectRef(start).bytes();
      }
    });
  }
}

}  // namespace

std::uint32_t slide_survivors(Generations& generations,
                              const RootSet& roots,
                              const std::vector<Block>& blocks,
                              const std::vector<Address>& remembered,
                              PauseReport& report) {
  heap::Heap& heap = generations.heap;
  if (blocks.empty()) {
    return 0;
  }
  const MovePlan plan = [&] {
    const PhaseTimer timer(report, PausePhase::plan);
    SlideSources sources = choose_sources(generations, blocks);
    for (const Block block : sources.blocks) {
      heap.state(block) = state::kOld;  // what the planner works on
    }
    Itinerary slide{.sources = sources.blocks, .destinations = sources.blocks};
    return plan_moves(heap, sources.live, std::move(slide),
                      IslandMap(heap, std::move(sources.islands)), {});
  }();
  if (generations.options.verify != VerifyLevel::none) {
    check_plan(heap, plan);
  }
  tell_of_moves(generations, plan, report);
  const std::uint32_t limit = limit_of(heap, plan);
  update_edges(generations, roots, blocks, remembered, EdgeUpdate(heap, plan, limit), report);
  move_objects(generations, plan, report);
  restore_live(heap, plan);
  count_in_place(heap, plan, report);
  report.source_blocks += plan.blocks.size();
  return limit;
}

}  // namespace pinlab::collector
