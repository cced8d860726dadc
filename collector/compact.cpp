#include "collector/compact.hpp"

#include "heap/poison.hpp"
#include "collector/phase_timer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::kGranuleBytes;
using heap::kGranulesPerLine;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

class SlotUpdate {
 public:
  SlotUpdate(const heap::Heap& heap, const MovePlan& plan) : heap_(heap), forward_(heap, plan) {}

  void object(ObjectRef object) const {
    const Address limit = object.slot(object.references());
    for (Address slot = object.slot(0); slot < limit; slot += kGranuleBytes) {
      update(slot);
    }
  }

  void update(Address slot) const {
    const Address target(slot.word());
    if (target) {
      slot.word() = forward_(target).value();
    }
  }

  void block(AddressRange range) const {
    // Blocks that move have only start bits of live objects by now, and live bits without islands.
    if ((heap_.state(range.base) & state::kSource) != 0) {
      heap_.marks().for_each_start(range, [this](Address start) { object(ObjectRef(start)); });
    } else {
      heap_.marks().for_each_live_start(range, [this](Address start) { object(ObjectRef(start)); });
    }
  }

  /// Of an address that may be dead: its address afterwards, or null.
  [[nodiscard]] Address weak(Address target) const {
    const bool source = (heap_.state(target) & state::kSource) != 0;
    const bool alive = source ? heap_.marks().is_start(target) : heap_.marks().is_live(target);
    return alive ? forward_(target) : Address();
  }

 private:
  const heap::Heap& heap_;
  Forwarding forward_;
};

/// Moves the start bits of [from, from + granules) to `to`, which is not above it.
void move_start_bits(const heap::MarkTable& marks, Address to, Address from, std::size_t granules) {
  while (granules > 0) {
    const unsigned bit = heap::granule_in_line(from);
    const auto count =
        static_cast<unsigned>(std::min<std::size_t>(granules, kGranulesPerLine - bit));
    const std::uint64_t mask =
        (count == kGranulesPerLine ? ~std::uint64_t{0} : heap::bits_below(count)) << bit;
    std::uint64_t& source = marks.line(from).start;
    const std::uint64_t bits = (source & mask) >> bit;
    source &= ~mask;
    const unsigned shift = heap::granule_in_line(to);
    marks.line(to).start |= bits << shift;
    if (shift != 0 && (bits >> (kGranulesPerLine - shift)) != 0) {
      marks.line(to + heap::kLineBytes).start |= bits >> (kGranulesPerLine - shift);
    }
    from += count * kGranuleBytes;
    to += count * kGranuleBytes;
    granules -= count;
  }
}

/// Gathers runs of granules that move by the same distance, and moves each at once.
class RunMover {
 public:
  RunMover(heap::Heap& heap, PauseReport& report) : heap_(heap), report_(report) {}

  void add(Address from, Address to, std::size_t bytes) {
    if (bytes_ > 0 && from == from_ + bytes_ && to == to_ + bytes_ &&
        heap_.block_of(to) == heap_.block_of(to_)) {
      bytes_ += bytes;
      return;
    }
    flush();
    from_ = from;
    to_ = to;
    bytes_ = bytes;
  }

  void flush() {
    if (bytes_ > 0 && from_ != to_) {
      heap_.prepare({to_, to_ + bytes_});
      std::memmove(to_.as<void>(), from_.as<void>(), bytes_);
      move_start_bits(heap_.marks(), to_, from_, bytes_ / kGranuleBytes);
      report_.moved_bytes += bytes_;
      ++report_.moved_runs;
    }
    bytes_ = 0;
  }

 private:
  heap::Heap& heap_;
  PauseReport& report_;
  Address from_;
  Address to_;
  std::size_t bytes_ = 0;
};

void move_line(const heap::Heap& heap, const MovePlan& plan, Address line, RunMover& mover) {
  const Forwarding forward(heap, plan);
  const std::uint32_t offset = heap.line_offset(line);
  std::uint64_t movable = heap.marks().line(line).live;
  const bool split = (offset & kSplitFlag) != 0;
  while (movable != 0) {
    const auto first = static_cast<unsigned>(std::countr_zero(movable));
    const std::uint64_t after = ~movable & heap::bits_from(first);
    unsigned limit = after == 0 ? 64 : static_cast<unsigned>(std::countr_zero(after));
    const Address from = line + kGranuleBytes * first;
    if (split) {
      // A run that a split cuts moves in two.
      const Split* entry = plan.splits.data() + (offset & ~kSplitFlag);
      while (entry[1].first != 0 && entry[1].first <= first) {
        ++entry;
      }
      if (entry[1].first != 0 && entry[1].first < limit) {
        limit = entry[1].first;
      }
    }
    mover.add(from, forward(from), kGranuleBytes * (limit - first));
    movable = limit == 64 ? 0 : movable & heap::bits_from(limit);
  }
}

}  // namespace

void update_slots(Generations& generations,
                  const RootSet& roots,
                  const LiveSet& live,
                  const MovePlan& plan,
                  PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::update);
  heap::Heap& heap = generations.heap;
  const SlotUpdate update(heap, plan);
  if (!plan.blocks.empty()) {
    for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
      const Block block{i};
      if ((heap.state(block) & state::kOld) != 0 && live.has_references[i] != 0) {
        update.block(heap.range_of(block));
      }
    }
    for (const auto& [base, bytes] : heap.large().objects()) {
      if (heap.marks().is_live(base)) {
        update.object(ObjectRef(base));
      }
    }
    roots.for_each([&](Address slot) { update.update(slot); });
    generations.pins.for_each_owned_set(
        [&](pinning::PinSet& set) { update.update(set.owner_slot()); });
  }
  roots.for_each_weak(
      [&](Address slot) { slot.word() = update.weak(Address(slot.word())).value(); });
}

namespace {

/// What goes to gaps of blocks that are no sources is alive there from now on, and the dead that it
/// covers are no objects any more.
void enter_gaps(const heap::Heap& heap, const MovePlan& plan, PauseReport& report) {
  for (const PlannedGap& gap : plan.gaps) {
    if (gap.filled > gap.base && (heap.state(gap.base) & state::kSource) == 0) {
      heap.marks().clear_start({gap.base, gap.filled});
      heap.marks().set_live({gap.base, gap.filled});
      report.refilled_bytes += gap.filled - gap.base;
    }
  }
}

}  // namespace

void move_objects(Generations& generations, const MovePlan& plan, PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::move);
  heap::Heap& heap = generations.heap;
  for (std::size_t i = 0; i < plan.blocks.size(); ++i) {
    if (heap.state(plan.blocks[i]) == state::kFree && plan.keeps[i] != 0) {
      heap.claim_block(plan.blocks[i], state::kOld | state::kSource);
    }
  }
  enter_gaps(heap, plan, report);
  RunMover mover(heap, report);
  for (const Block block : plan.blocks) {
    if ((heap.state(block) & state::kSource) == 0) {
      continue;
    }
    const AddressRange range = heap.range_of(block);
    for (Address line = range.base; line < range.limit; line += heap::kLineBytes) {
      if (heap.marks().line(line).live != 0) {
        move_line(heap, plan, line, mover);
      }
    }
  }
  mover.flush();
  report.routed_objects += plan.routed;
}

}  // namespace pinlab::collector
