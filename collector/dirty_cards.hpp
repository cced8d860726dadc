// The remembered set: every slot of an old object that may refer to a young one lies on a dirty
// card.
#pragma once

#include "heap/heap.hpp"
#include "collector/pause.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pinlab::collector {

/// Each dirty card of [range) is cleaned, then visited: whoever leaves an edge to a young object on
/// it dirties it again. REQUIRES whole lines, in words of eight.
template <class Visit>
void for_each_dirty_card(const heap::Heap& heap,
                         heap::AddressRange range,
                         PauseReport& report,
                         Visit&& visit_card) {
  constexpr std::size_t kCardsPerWord = sizeof(std::uint64_t);
  for (heap::Address a = range.base; a < range.limit; a += kCardsPerWord * heap::kLineBytes) {
    std::uint64_t dirty = 0;
    std::memcpy(&dirty, &heap.card(a), sizeof dirty);
    if (dirty == 0) {
      continue;
    }
    for (std::size_t i = 0; i < kCardsPerWord; ++i) {
      if (((dirty >> (8 * i)) & 1U) != 0) {
        const heap::Address card = a + i * heap::kLineBytes;
        ++report.cards_scanned;
        heap.card(card) = 0;
        visit_card(heap::AddressRange{card, card + heap::kLineBytes});
      }
    }
  }
}

/// visit_slot(Address) for the slots of `object` in [bounds).
template <class Visit>
void for_each_slot_in(heap::ObjectRef object,
                      heap::AddressRange bounds,
                      PauseReport& report,
                      Visit&& visit_slot) {
  const heap::Address first = std::max(object.slot(0), bounds.base);
  const heap::Address limit = std::min(object.slot(object.references()), bounds.limit);
  report.slots_visited += first < limit ? (limit - first) >> heap::kGranuleShift : 0;
  for (heap::Address slot = first; slot < limit; slot += heap::kGranuleBytes) {
    visit_slot(slot);
  }
}

/// The slots on one card of a block: of the object that comes in from below, and of those that
/// start on it. Only objects with start bits are met: the old ones.
template <class Visit>
void for_each_slot_on(const heap::MarkTable& marks,
                      heap::AddressRange card,
                      heap::Address block_base,
                      PauseReport& report,
                      Visit&& visit_slot) {
  const std::uint64_t starts = marks.line(card.base).start;
  if ((starts & 1U) == 0 && card.base > block_base) {
    const heap::Address before =
        marks.start_at_or_before(card.base - heap::kGranuleBytes, block_base);
    if (before) {
      for_each_slot_in(heap::ObjectRef(before), card, report, visit_slot);
    }
  }
  for (std::uint64_t rest = starts; rest != 0; rest &= rest - 1) {
    const heap::ObjectRef object(card.base + heap::kGranuleBytes *
                                                 static_cast<std::size_t>(std::countr_zero(rest)));
    for_each_slot_in(object, card, report, visit_slot);
  }
}

/// visit_slot(Address) for every slot of an old object on a dirty card; the cards are clean then.
template <class Visit>
void for_each_remembered_slot(const heap::Heap& heap, PauseReport& report, Visit&& visit_slot) {
  namespace state = heap::block_state;
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const heap::Block block{i};
    if ((heap.state(block) & (state::kOld | state::kMixed)) != 0 && heap.may_refer(block)) {
      const heap::AddressRange range = heap.range_of(block);
      for_each_dirty_card(heap, range, report, [&](heap::AddressRange card) {
        for_each_slot_on(heap.marks(), card, range.base, report, visit_slot);
      });
    }
  }
  for (const auto& [base, bytes] : heap.large().objects()) {
    for_each_dirty_card(heap, {base, base + bytes}, report,
                        [&, holder = heap::ObjectRef(base)](heap::AddressRange card) {
                          for_each_slot_in(holder, card, report, visit_slot);
                        });
  }
}

}  // namespace pinlab::collector
