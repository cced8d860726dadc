#include "collector/young_settling.hpp"

#include "collector/phase_timer.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::Header;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

/// What stayed in the block, before its immovable bits are cleared.
BlockCensus census_of(const Generations& generations, Block block) {
  const heap::Heap& heap = generations.heap;
  const AddressRange range = heap.range_of(block);
  BlockCensus census{.block = block,
                     .bytes = range.bytes(),
                     .live = heap.marks().live_bytes(range),
                     .age = generations.nursery_ages[heap::index_of(block)]};
  for (Address line = range.base; line < range.limit; line += heap::kLineBytes) {
    std::uint64_t islands = heap.immovable(line) & heap.marks().line(line).start;
    for (; islands != 0; islands &= islands - 1) {
      const Header header = ObjectRef(line + heap::kGranuleBytes * static_cast<std::size_t>(
                                                                       std::countr_zero(islands)))
                                .header();
      if (header.has(Header::kPinned)) {
        ++census.pins;
        census.pinned += header.bytes();
        census.largest_pinned = std::max<std::uint64_t>(census.largest_pinned, header.bytes());
      }
    }
  }
  return census;
}

/// visit(ObjectRef) for each object that stayed and is not old in place from before.
template <class Visit>
void for_each_stayed(const heap::Heap& heap, AddressRange range, Visit&& visit) {
  const bool mixed = (heap.state(range.base) & state::kMixed) != 0;
  heap.marks().for_each_start(range, [&](Address start) {
    if (!mixed || heap.is_immovable(start)) {
      visit(ObjectRef(start));
    }
  });
}

/// As many collections as `age` makes of what an object has survived; unpins may come in meanwhile.
void set_age(ObjectRef object, unsigned age) {
  const std::uintptr_t more = static_cast<std::uintptr_t>(age) << Header::kAgeShift;
  object.header_word().fetch_add(more - (object.header().word() & Header::kAgeMask),
                                 std::memory_order_relaxed);
}

class Settling {
 public:
  Settling(Generations& generations, Motion motion, PauseReport& report)
      : generations_(generations), heap_(generations.heap), motion_(motion), report_(report) {}

  /// Where nothing is copied, all that stayed becomes old.
  void promote_stayed() {
    if (motion_ == Motion::stay) {
      count_promoted(report_.in_place_objects, report_.in_place_bytes, false);
    }
  }

  void settle(const BlockCensus& census, Fate fate) {
    const AddressRange range = heap_.range_of(census.block);
    std::uint8_t& age = generations_.nursery_ages[heap::index_of(census.block)];
    count_islands(census, range);
    switch (fate) {
      case Fate::old:
      case Fate::old_with_gaps:
        promote(range);
        age = 0;
        make_gaps(range, fate == Fate::old ? nullptr : generations_.old_gaps.get(),
                  report_.closed_bytes);
        break;
      case Fate::mixed:
        promote(range);
        heap_.state(range.base) = state::kNursery | state::kMixed;
        generations_.mixed_bytes += range.bytes();
        make_gaps(range, generations_.nursery_gaps.get(), report_.closed_bytes);
        break;
      case Fate::nursery_gaps:
      case Fate::demoted:
        stay_young(census, range, fate);
        age = static_cast<std::uint8_t>(std::min(age + 1, 255));
        make_gaps(range, generations_.nursery_gaps.get(), report_.quarantined_bytes);
        forget_young(range);
        break;
      case Fate::closed:
      case Fate::retry:
        stay_young(census, range, fate);
        age = static_cast<std::uint8_t>(std::min(age + 1, 255));
        make_gaps(range, nullptr, report_.quarantined_bytes);
        forget_young(range);
        break;
    }
    heap_.clear_immovable(range);
  }

 private:
  void count_islands(const BlockCensus& census, AddressRange range) {
    // Under the other motions what stays is no island: it stays whatever is pinned, or slid here.
    const bool all = motion_ == Motion::copy;
    std::uint64_t bytes = all ? census.live : 0;
    heap_.marks().for_each_start(range, [&](Address start) {
      if (all || heap_.is_immovable(start)) {
        ++report_.islands;
        bytes += all ? 0 : ObjectRef(start).bytes();
      }
    });
    report_.island_bytes += bytes;
  }

  /// What is young in the block becomes old where it stands, or where it slid to.
  void promote(AddressRange range) {
    if (motion_ != Motion::stay) {
      for_each_stayed(heap_, range, [&](ObjectRef object) {
        const bool slid = motion_ == Motion::slide && !heap_.is_immovable(object.address());
        count_promoted(1, object.bytes(), slid);
      });
    }
    heap_.state(range.base) = state::kOld;
    if (motion_ == Motion::slide) {
      heap_.set_may_refer(range.base);  // what stayed or was copied has told of its references
    }
  }

  void count_promoted(std::uint64_t objects, std::uint64_t bytes, bool slid) {
    report_.promoted_objects += objects;
    report_.promoted_bytes += bytes;
    report_.promoted_in_place_objects += slid ? 0 : objects;
    report_.promoted_in_place_bytes += slid ? 0 : bytes;
  }

  void stay_young(const BlockCensus& census, AddressRange range, Fate fate) {
    for_each_stayed(heap_, range, [&](ObjectRef object) {
      const unsigned age = object.header().age();
      set_age(object, fate == Fate::demoted ? 0 : fate == Fate::retry ? 7 : std::min(age + 1, 7U));
    });
    heap_.state(range.base) =
        static_cast<std::uint8_t>(state::kNursery | (heap_.state(range.base) & state::kMixed));
    if (fate == Fate::demoted) {
      generations_.demoted_bytes += range.bytes();
      report_.demoted_bytes += census.live;
      for_each_stayed(heap_, range, [&](ObjectRef) { ++report_.demoted_objects; });
    }
    report_.retained_blocks += fate == Fate::retry ? 1U : 0U;
    if ((heap_.state(range.base) & state::kMixed) != 0) {
      heap_.set_may_refer(range.base);
    }
  }

  /// Formats every gap of the block and offers the usable ones, if they are to be offered; the
  /// bytes of the others are added to `kept_back`.
  void make_gaps(AddressRange block, heap::GapReuse* offer, std::uint64_t& kept_back) {
    std::vector<AddressRange> usable;
    heap_.marks().for_each_gap(block, heap::kGranuleBytes, [&](AddressRange gap) {
      heap_.format_gap(gap);
      if (offer != nullptr && gap.bytes() >= generations_.options.gap_min) {
        usable.push_back(gap);
        ++report_.gaps;
        report_.gap_bytes += gap.bytes();
      } else {
        kept_back += gap.bytes();
      }
    });
    if (offer != nullptr) {
      offer->add(usable);
    }
  }

  /// Of a block that stays young only its old objects keep their bits.
  void forget_young(AddressRange range) const {
    std::vector<AddressRange> old;
    if ((heap_.state(range.base) & state::kMixed) != 0) {
      heap_.marks().for_each_start(range, [&](Address start) {
        if (!heap_.is_immovable(start)) {
          old.push_back(ObjectRef(start).range());
        }
      });
    }
    for (Address line = range.base; line < range.limit; line += heap::kLineBytes) {
      heap_.marks().line(line) = {};
    }
    for (const AddressRange object : old) {
      heap_.marks().set_live(object);
      heap_.marks().set_start(object.base);
    }
  }

  Generations& generations_;
  heap::Heap& heap_;
  Motion motion_;
  PauseReport& report_;
};

Fate fate_of(Generations& generations,
             const YoungRules& rules,
             Motion motion,
             const BlockCensus& block,
             const NurseryCensus& nursery,
             PauseReport& report) {
  if (rules.scope == YoungScope::whole) {
    return Fate::nursery_gaps;
  }
  if (rules.empty_nursery) {
    return Fate::old_with_gaps;
  }
  const Fate fate = generations.nursery_route->fate(block, nursery);
  const bool becomes_old = fate == Fate::old || fate == Fate::old_with_gaps || fate == Fate::mixed;
  // Where nothing is copied no edge to what stays was remembered.
  EXPECTS(motion != Motion::stay || becomes_old);
  report.given_up_blocks += becomes_old && block.age > 0 ? 1U : 0U;
  return fate;
}

}  // namespace

void settle_nursery(Generations& generations,
                    const std::vector<Block>& blocks,
                    const YoungRules& rules,
                    Motion motion,
                    std::uint32_t survivors_limit,
                    PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::reclaim);
  heap::Heap& heap = generations.heap;
  generations.demoted_bytes = 0;
  generations.mixed_bytes = 0;
  std::vector<BlockCensus> held;
  NurseryCensus nursery{.survivors = report.survivor_bytes};
  for (const Block block : blocks) {
    const bool stayed = (heap.state(block) & state::kIslands) != 0;
    BlockCensus census = stayed ? census_of(generations, block) : BlockCensus{.block = block};
    if (census.live == 0) {
      if (stayed) {
        heap.clear_immovable(heap.range_of(block));
      }
      generations.nursery_ages[heap::index_of(block)] = 0;
      heap.release_block(block);
      continue;
    }
    census.survivals = rules.survivals;
    census.above_survivors = motion == Motion::slide && heap::index_of(block) >= survivors_limit;
    if (census.above_survivors) {
      nursery.pinned_above += census.pinned;
      nursery.space_above += census.bytes;
    }
    held.push_back(census);
  }
  Settling settling(generations, motion, report);
  settling.promote_stayed();
  for (const BlockCensus& census : held) {
    settling.settle(census, fate_of(generations, rules, motion, census, nursery, report));
  }
}

void open_old_gaps_to_young(Generations& generations) {
  generations.demoted_bytes = 0;
  generations.mixed_bytes = 0;
  if (generations.options.nursery_size == 0 || !generations.nursery_route->bears_between_old()) {
    return;
  }
  heap::Heap& heap = generations.heap;
  generations.old_gaps->clear();
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const Block block{i};
    if (heap.state(block) != state::kOld) {
      continue;
    }
    std::vector<AddressRange> usable;
    heap.marks().for_each_gap(heap.range_of(block), heap::kGranuleBytes, [&](AddressRange gap) {
      heap.format_gap(gap);
      if (gap.bytes() >= generations.options.gap_min) {
        usable.push_back(gap);
      }
    });
    if (!usable.empty()) {
      heap.state(block) = state::kNursery | state::kMixed;
      generations.mixed_bytes += heap.block_bytes();
      generations.nursery_gaps->add(usable);
    }
  }
}

}  // namespace pinlab::collector
