#include "collector/generations.hpp"

#include "heap/support/wide.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace pinlab::collector {

namespace {

template <class T>
std::unique_ptr<T> made(std::span<const heap::Named<T>> entries,
                        const std::string& name,
                        const char* axis) {
  const heap::Named<T>* entry = heap::find_named(entries, name);
  if (entry == nullptr) {
    throw OptionsError(std::string(axis) + " has no member called '" + name + "'");
  }
  return entry->make();
}

/// Throws OptionsError for a parameter of old routes that is set, and that this one does not take.
void refuse_variants(const OldRoute& route, const OldVariants& given) {
  const OldVariants own = settled(route, {});
  const OldVariants asked = settled(route, given);
  const auto refuse = [&](std::string_view name, bool differs) {
    const auto taken = route.variants();
    if (differs && std::ranges::find(taken, name) == taken.end()) {
      throw OptionsError("this old.route does not take " + std::string(name));
    }
  };
  refuse("compact.fit", asked.fit != own.fit);
  refuse("compact.open_gaps", asked.open_gaps != own.open_gaps);
  refuse("compact.budget", asked.budget != own.budget);
  refuse("compact.island_least", asked.island_least != own.island_least);
  refuse("compact.island_shift", asked.island_shift != own.island_shift);
  refuse("old.headroom", asked.headroom != own.headroom);
  refuse("old.skipped_gaps", asked.skipped_gaps != own.skipped_gaps);
  refuse("old.utilisation", asked.utilisation != own.utilisation);
  refuse("old.overhead", asked.overhead != own.overhead);
  refuse("old.contiguous", asked.contiguous != own.contiguous);
}

/// Whole blocks, and never all of them.
std::uint64_t headroom_bytes(const OldVariants& variants, const heap::Heap& heap) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  const std::uint64_t share = variants.headroom.value_or(0);
  const auto bytes = static_cast<std::uint64_t>(heap::Wide{heap.max_bytes()} * share / kBillion);
  const std::uint64_t blocks = bytes / heap.block_bytes() + (share > 0 ? 1 : 0);
  return std::min<std::uint64_t>(blocks, heap.block_count() - 1) * heap.block_bytes();
}

}  // namespace

Generations::Generations(const Options& options_in,
                         heap::Heap& heap_in,
                         pinning::PinRegistry& pins_in)
    : options(options_in),
      heap(heap_in),
      pins(pins_in),
      old_gaps(made(heap::gap_reuses(), options.gap_reuse, "gap.reuse")),
      pinned_gaps(made(heap::gap_reuses(), options.gap_reuse, "gap.reuse")),
      nursery_gaps(made(heap::gap_reuses(), "bump", "gap.reuse")),
      nursery_route(made(nursery_routes(), options.nursery_route, "nursery.route")),
      old_route(made(old_routes(), options.old_route, "old.route")),
      compaction(made(compact_rules(), options.compact_rule, "compact.rule"),
                 options.compact_variants),
      spread(made(pinning::spreads(), options.pin_spread, "pin.spread")),
      spread_units{options.spread_line, options.spread_page},
      old(heap, heap::block_state::kOld, old_gaps.get()),
      nursery(heap, heap::block_state::kNursery, nursery_gaps.get()),
      pinned_space(heap, heap::block_state::kPinned, pinned_gaps.get()),
      held(heap),
      moves_young(nursery_route->motion(heap.block_count()) == Motion::copy),
      nursery_ages(heap.block_count(), 0) {
  refuse_variants(*old_route, options.old_variants);
  old_variants = settled(*old_route, options.old_variants);
  old_route->configure(old_variants);
  heap.set_headroom(headroom_bytes(old_variants, heap));
  nursery_route->configure(options.nursery_variants);
}

}  // namespace pinlab::collector
