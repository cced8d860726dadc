#include "collector/move_observer.hpp"

#include "collector/phase_timer.hpp"

#include <vector>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::Header;
using heap::ObjectRef;

namespace {

/// Of a block that tracing went through: a forwarded header says where its object is, a live bit
/// that it stayed.
void find_young(const heap::Heap& heap, AddressRange block, std::vector<Survivor>& survivors) {
  for (Address walk = block.base; walk < block.limit;) {
    const Address from = walk;
    const Header header = ObjectRef(from).header();
    const bool left = header.has(Header::kForwarded);
    const Address to = left ? header.forwarding() : from;
    const std::size_t bytes = ObjectRef(to).bytes();
    walk += bytes;
    if (left || (!header.has(Header::kFiller) && heap.marks().is_live(from))) {
      survivors.push_back({from, to, bytes});
    }
  }
}

void tell(const Generations& generations, Block block, std::span<const Survivor> survivors) {
  for (MoveObserver* observer : generations.move_observers) {
    observer->survived(block, survivors);
  }
}

void end_step(const Generations& generations) {
  for (MoveObserver* observer : generations.move_observers) {
    observer->step_ended();
  }
}

}  // namespace

void tell_of_young(const Generations& generations,
                   std::span<const Block> blocks,
                   PauseReport& report) {
  if (generations.move_observers.empty()) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::census);
  std::vector<Survivor> survivors;
  for (const Block block : blocks) {
    survivors.clear();
    find_young(generations.heap, generations.heap.range_of(block), survivors);
    tell(generations, block, survivors);
  }
  end_step(generations);
}

void tell_of_moves(const Generations& generations, const MovePlan& plan, PauseReport& report) {
  if (generations.move_observers.empty()) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::census);
  const heap::Heap& heap = generations.heap;
  const Forwarding forward(heap, plan);
  std::vector<Survivor> survivors;
  for (const Block block : plan.blocks) {
    if ((heap.state(block) & heap::block_state::kSource) == 0) {
      continue;
    }
    survivors.clear();
    // By now the start bits of the block are those of live objects, islands included.
    heap.marks().for_each_start(heap.range_of(block), [&](Address from) {
      survivors.push_back({from, forward(from), ObjectRef(from).bytes()});
    });
    tell(generations, block, survivors);
  }
  end_step(generations);
}

}  // namespace pinlab::collector
