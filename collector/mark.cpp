#include "collector/mark.hpp"

#include "collector/immobility.hpp"
#include "collector/phase_timer.hpp"
#include "collector/pin_tracing.hpp"
#include "collector/prefetch_ring.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace pinlab::collector {

using heap::Address;
using heap::Header;
using heap::kGranuleBytes;
using heap::ObjectRef;
using pinning::PinSet;
namespace state = heap::block_state;

namespace {

class Marker {
 public:
  /// Goes on from what is live already. What is pinned is noted in `held`, if that is given.
  Marker(Generations& generations, LiveSet live, PauseReport& report, HeldObjects* held)
      : heap_(generations.heap),
        marks_(generations.heap.marks()),
        report_(report),
        held_(held),
        live_(std::move(live)) {
    live_.has_references.resize(heap_.block_count());
  }

  void reach(Address object) {
    if (!object) {
      return;
    }
    prefetch(Address::of(&marks_.line(object)));
    prefetch(object);
    const Address ready = ring_.exchange(object);
    if (ready) {
      mark_object(ready);
    }
  }

  void drain() {
    for (;;) {
      if (!stack_.empty()) {
        const ObjectRef object(stack_.back());
        stack_.pop_back();
        const Address limit = object.slot(object.references());
        for (Address slot = object.slot(0); slot < limit; slot += kGranuleBytes) {
          reach(Address(slot.word()));
        }
        report_.slots_visited += object.references();
      } else if (const Address object = ring_.take()) {
        mark_object(object);
      } else {
        return;
      }
    }
  }

  [[nodiscard]] bool is_marked(Address object) const { return marks_.is_live(object); }
  [[nodiscard]] LiveSet& live() { return live_; }

 private:
  void mark_object(Address object) {
    if (marks_.is_live(object)) {
      return;
    }
    // Acquires what an unpin released: an object whose pin a foreign thread ended may move now.
    const Header header(ObjectRef(object).header_word().load(std::memory_order_acquire));
    const std::size_t bytes = header.bytes();
    ++live_.objects;
    const bool is_large = (heap_.state(object) & state::kLarge) != 0;
    if (header.has(Header::kPinned) && held_ != nullptr) {
      ++live_.pins;
      live_.pinned_bytes += bytes;
      held_->note(object);
    }
    if (is_large) {
      marks_.line(object).live |= 1U;
      live_.large_bytes += bytes;
    } else {
      marks_.set_live({object, object + bytes});
      live_.bytes += bytes;
      live_.largest = std::max(live_.largest, bytes);
      if (header.references() > 0) {
        live_.has_references[heap::index_of(heap_.block_of(object))] = 1;
      }
    }
    if (header.references() > 0) {
      stack_.push_back(object);
    }
  }

  heap::Heap& heap_;
  heap::MarkTable marks_;
  PauseReport& report_;
  HeldObjects* held_;
  LiveSet live_;
  PrefetchRing ring_;
  std::vector<Address> stack_;
};

void clear_live_bits(const heap::Heap& heap) {
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const heap::AddressRange block = heap.range_of(heap::Block{i});
    if (heap.state(block.base) == state::kFree) {
      continue;
    }
    for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
      heap.marks().line(line).live = 0;
    }
  }
}

/// For trace_pin_sets().
struct PinTrace {
  Marker& marker;
  /// Most of what is pinned is alive by itself: then its bit is all that is looked at.
  void reach_pin(ObjectRef object) const {
    if (!marker.is_marked(object.address())) {
      marker.reach(object.address());
    }
  }
  void drain() const { marker.drain(); }
  [[nodiscard]] bool is_reached(ObjectRef object) const {
    return marker.is_marked(object.address());
  }
  void reach_owner(PinSet& /*set*/) const {}  // update_slots() has all owners
};

}  // namespace

LiveSet mark(Generations& generations, const RootSet& roots, PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::mark);
  clear_live_bits(generations.heap);
  generations.held.forget_noted();  // of a collection that a handler of leaks left by throwing
  Marker marker(generations, LiveSet(), report, &generations.held);
  roots.for_each([&](Address slot) { marker.reach(Address(slot.word())); });
  marker.drain();
  const std::uint64_t by_references = marker.live().objects;
  std::vector<ObjectRef> ambiguous = ambiguous_targets(generations.heap, roots);
  for (const ObjectRef object : ambiguous) {
    marker.reach(object.address());
  }
  marker.drain();
  const std::uint64_t by_roots = marker.live().objects;
  std::vector<PinSet*> unreached = trace_pin_sets(generations.pins, PinTrace{marker});
  generations.pins.end_dead_pins(
      [&](ObjectRef object) { return !marker.is_marked(object.address()); });
  LiveSet live = std::move(marker.live());
  live.ambiguous = std::move(ambiguous);
  live.unreached = std::move(unreached);
  report.alive_by_ambiguous_alone += by_roots - by_references;
  report.alive_by_pin_alone += live.objects - by_roots;
  report.survivor_objects = live.objects;
  report.survivor_bytes = live.bytes + live.large_bytes;
  return live;
}

LiveSet mark_with(Generations& generations, const PinSet& set, const LiveSet& live) {
  PauseReport apart;
  Marker marker(generations, live, apart, nullptr);
  {
    const std::lock_guard lock(set.lock());
    for (const ObjectRef object : set.objects()) {
      marker.reach(object.address());
    }
  }
  marker.drain();
  return std::move(marker.live());
}

}  // namespace pinlab::collector
