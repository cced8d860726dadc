// What must hold of every plan of moves, checked from the plan and the bit tables alone, before
// anything moves (results/README.md has the bounds; theory: static snapshots with islands).
#include "collector/move_plan.hpp"
#include "collector/runtime.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::kGranuleBytes;
namespace state = heap::block_state;

namespace {

struct Move {
  Address to;
  Address from;
  std::size_t bytes;
  std::size_t source;  ///< index in plan.blocks
};

[[noreturn]] void fail(const heap::Heap& heap, const std::string& what, Address where) {
  throw VerificationFailed(what + " (heap offset " + std::to_string(where - heap.base()) + ")");
}

std::vector<Move> moves_of(const heap::Heap& heap, const MovePlan& plan) {
  const Forwarding forward(heap, plan);
  std::vector<Move> moves;
  for (std::size_t i = 0; i < plan.sources; ++i) {
    const AddressRange block = heap.range_of(plan.blocks[i]);
    if ((heap.state(block.base) & state::kSource) == 0) {
      continue;
    }
    heap.marks().for_each_live_start(block, [&](Address from) {
      const std::size_t bytes = heap.marks().end_of_live(from, block.limit) - from;
      moves.push_back({forward(from), from, bytes, i});
    });
  }
  return moves;
}

/// I0: what the gaps take in is what moves; and each gap is filled from its base, without holes.
void check_conservation(const heap::Heap& heap, const MovePlan& plan, std::vector<Move> moves) {
  std::ranges::sort(moves, {}, &Move::to);
  std::uint64_t placed = 0;
  std::uint64_t filled = 0;
  auto move = moves.begin();
  std::vector<PlannedGap> gaps = plan.gaps;
  std::ranges::sort(gaps, {}, &PlannedGap::base);
  for (const PlannedGap& gap : gaps) {
    filled += (gap.filled - gap.base) / kGranuleBytes;
    for (Address at = gap.base; at < gap.filled; ++move) {
      if (move == moves.end() || move->to != at || at + move->bytes > gap.filled) {
        fail(heap, "I0: a gap of the plan is not filled by what goes to it", at);
      }
      at += move->bytes;
      placed += move->bytes / kGranuleBytes;
    }
  }
  if (move != moves.end() || filled != placed || placed != plan.live_granules) {
    throw VerificationFailed("I0: the plan places " + std::to_string(filled) + " granules of " +
                             std::to_string(plan.live_granules));
  }
}

/// No destination is written to before what lives there has left it.
void check_safety(const heap::Heap& heap, const MovePlan& plan, const std::vector<Move>& moves) {
  constexpr std::size_t kNoSource = ~std::size_t{0};
  std::vector<std::size_t> order(heap.block_count(), kNoSource);
  for (std::size_t i = 0; i < plan.sources; ++i) {
    order[heap::index_of(plan.blocks[i])] = i;
  }
  for (const Move& move : moves) {
    const std::size_t there = order[heap::index_of(heap.block_of(move.to))];
    const bool emptied_before =
        there < move.source || (there == move.source && move.to <= move.from);
    if (there != kNoSource && !emptied_before) {
      fail(heap, "a destination passes its source", move.from);
    }
  }
}

/// I1: what is left over in a closed gap is less than the largest object.
void check_residuals(const heap::Heap& heap, const MovePlan& plan) {
  for (std::size_t i = 0; i < plan.closed_gaps() && plan.fit != Fit::best; ++i) {
    const PlannedGap& gap = plan.gaps[i];
    if (gap.limit - gap.filled + kGranuleBytes > plan.largest) {
      fail(heap,
           "I1: a gap was closed with " + std::to_string(gap.limit - gap.filled) +
               " bytes left, but the largest object has " + std::to_string(plan.largest),
           gap.base);
    }
  }
}

/// LB2: no algorithm places these objects in less than this much of these gaps. For every size s
/// the gaps that are used, the last one as far as it is filled, hold as many pieces of s bytes as
/// there are objects of s bytes and more, and as many bytes in gaps of s and more.
void check_lower_bound(const heap::Heap& heap,
                       const MovePlan& plan,
                       const std::vector<Move>& moves) {
  std::map<std::size_t, std::uint64_t, std::greater<>> by_size;
  for (const Move& move : moves) {
    ++by_size[move.bytes];
  }
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  for (const auto& [size, count] : by_size) {
    objects += count;
    bytes += count * size;
    std::uint64_t pieces = 0;
    std::uint64_t room = 0;
    for (std::size_t i = 0; i <= plan.last_used_gap; ++i) {
      const PlannedGap& gap = plan.gaps[i];
      const std::size_t used = (i == plan.last_used_gap ? gap.filled : gap.limit) - gap.base;
      pieces += used / size;
      room += used >= size ? used : 0;
    }
    if (pieces < objects || room < bytes) {
      fail(heap,
           "LB2: the plan is better than the lower bound for " + std::to_string(size) +
               " bytes: it counts wrong",
           plan.gaps[plan.last_used_gap].base);
    }
  }
}

}  // namespace

void check_plan(const heap::Heap& heap, const MovePlan& plan) {
  const std::vector<Move> moves = moves_of(heap, plan);
  check_conservation(heap, plan, moves);
  check_safety(heap, plan, moves);
  check_residuals(heap, plan);
  check_lower_bound(heap, plan, moves);
}

}  // namespace pinlab::collector
