#include "collector/generations.hpp"

#include <string>

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

}  // namespace

Generations::Generations(const Options& options_in,
                         heap::Heap& heap_in,
                         pinning::PinRegistry& pins_in)
    : options(options_in),
      heap(heap_in),
      pins(pins_in),
      old_gaps(made(heap::gap_reuses(), options.gap_reuse, "gap.reuse")),
      nursery_gaps(made(heap::gap_reuses(), "bump", "gap.reuse")),
      nursery_route(made(nursery_routes(), options.nursery_route, "nursery.route")),
      old_route(made(old_routes(), options.old_route, "old.route")),
      spread(made(pinning::spreads(), options.pin_spread, "pin.spread")),
      old(heap, heap::block_state::kOld, old_gaps.get()),
      nursery(heap, heap::block_state::kNursery, nursery_gaps.get()) {}

}  // namespace pinlab::collector
