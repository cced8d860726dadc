#include "collector/mark.hpp"

#include "heap/mark_extension.hpp"
#include "collector/immobility.hpp"
#include "collector/phase_timer.hpp"
#include "collector/pin_tracing.hpp"
#include "collector/prefetch_ring.hpp"

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Header;
using heap::kGranuleBytes;
using heap::ObjectRef;
using pinning::PinSet;
namespace state = heap::block_state;

namespace {

/// What a mark sets of an object in a block.
enum class Extent : std::uint8_t {
  start,  ///< until extend(); of a block without references the headers are not read
  whole,  ///< all bits of the object
};

class Marker {
 public:
  /// Goes on from what is live already. What is pinned is held in `held`, if that is given.
  Marker(
      Generations& generations, LiveSet live, Extent extent, PauseReport& report, HeldObjects* held)
      : heap_(generations.heap),
        marks_(generations.heap.marks()),
        extent_(extent),
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
    if (reads_header(object)) {
      prefetch(object);
    }
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

  /// Marks of starts become marks of whole objects; from here on whole ones are set.
  void extend() {
    heap::MarkExtension extension(marks_);
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const heap::Block block{i};
      if (heap_.state(block) == state::kFree) {
        continue;
      }
      const heap::AddressRange range = heap_.range_of(block);
      const std::size_t pin_lines = held_ != nullptr ? heap_.pin_lines().count(range) : 0;
      if (pin_lines == 0) {
        extension.extend(range, [](Address, std::uint64_t, std::uint64_t) {});
      } else if (heap_.has_pin_ended(block)) {
        extend_and_hold<true>(extension, block, pin_lines);
      } else {
        extend_and_hold<false>(extension, block, pin_lines);
      }
    }
    live_.bytes += extension.bytes();
    live_.largest = std::max(live_.largest, extension.largest());
    extent_ = Extent::whole;
  }

  [[nodiscard]] bool is_marked(Address object) const { return marks_.is_live(object); }
  [[nodiscard]] LiveSet& live() { return live_; }

 private:
  [[nodiscard]] bool reads_header(Address object) const {
    return extent_ == Extent::whole || heap_.may_refer(heap_.block_of(object));
  }

  void mark_object(Address object) {
    heap::LineMarks& line = marks_.line(object);
    const std::uint64_t bit = heap::granule_bit(object);
    if ((line.live & bit) != 0) {
      return;
    }
    line.live |= bit;
    ++live_.objects;
    if (!reads_header(object)) {
      return;
    }
    const Header header = acquired_header(object);
    if ((heap_.state(object) & state::kLarge) != 0) {
      live_.large_bytes += header.bytes();
      static_cast<void>(count_if_pinned(header));
    } else {
      if (header.references() > 0) {
        live_.has_references[heap::index_of(heap_.block_of(object))] = 1;
      }
      if (extent_ == Extent::whole) {
        marks_.set_live({object, object + header.bytes()});
        live_.bytes += header.bytes();
        live_.largest = std::max(live_.largest, header.bytes());
        if (header.has(Header::kPinned)) {
          heap_.set_may_be_pinned(object);
        }
        if (count_if_pinned(header)) {
          held_->hold({object, object + header.bytes()});
        }
      }
    }
    if (header.references() > 0) {
      stack_.push_back(object);
    }
  }

  /// Acquires what an unpin released: an object whose pin a foreign thread ended may move now.
  [[nodiscard]] static Header acquired_header(Address object) {
    return Header(ObjectRef(object).header_word().load(std::memory_order_acquire));
  }

  [[nodiscard]] bool count_if_pinned(Header header) {
    const bool counts = header.has(Header::kPinned) && held_ != nullptr;
    live_.pins += counts ? 1U : 0U;
    live_.pinned_bytes += counts ? header.bytes() : 0;
    return counts;
  }

  /// Of the objects that have pin bits in the line, those that are pinned no more lose them.
  void look_again(Address line, std::uint64_t& pinned) {
    for (std::uint64_t left = pinned; left != 0; left &= left - 1) {
      const int granule = std::countr_zero(left);
      const Address object = line + kGranuleBytes * static_cast<std::size_t>(granule);
      if (!acquired_header(object).has(Header::kPinned)) {
        pinned &= ~heap::granule_bit(object);
      }
    }
  }

  /// The header that look_again() will look at first in a line.
  [[gnu::always_inline]] void expect_ended(Address line) const {
    const std::uint64_t pinned = heap_.has_pin_ended(line) ? heap_.pin_bits(line) : 0;
    if (pinned != 0) {
      prefetch(line + kGranuleBytes * static_cast<std::size_t>(std::countr_zero(pinned)));
    }
  }

  /// The pin bits of a block, all of them up to a usual size: to choose takes longer.
  void expect_pin_bits(heap::AddressRange block) const {
    constexpr std::size_t kMost = 128 * heap::kLineBytes;
    constexpr std::size_t kStep = 64 / sizeof(std::uint64_t) * heap::kLineBytes;  // a cache line
    const Address limit = std::min(block.limit, block.base + kMost);
    for (Address line = block.base; line < limit; line += kStep) {
      prefetch(Address::of(&heap_.pin_bits(line)));
    }
  }

  /// What is pinned in a block, added line by line, ascending; lines between them have nothing.
  struct Pinned {
    std::uint64_t pins = 0;
    std::uint64_t islands = 0;
    std::uint64_t granules = 0;
    std::uint64_t reaches = 0;  ///< 1 where a pinned object reaches into the next line

    /// `rest`: where objects go on.
    void add(std::uint64_t pinned, std::uint64_t rest) {
      const std::uint64_t held = heap::objects_from(pinned, rest, reaches != 0);
      pins += static_cast<std::uint64_t>(std::popcount(pinned));
      islands += static_cast<std::uint64_t>(std::popcount(heap::run_starts(held, reaches)));
      granules += static_cast<std::uint64_t>(std::popcount(held));
      reaches = held >> 63U;
    }
  };

  /// Of the objects that start in a line, those that are pinned; its pin bits say so from now on.
  /// Where pins have ended since the last time, they may say too much.
  template <bool kHaveEnded>
  std::uint64_t settle_pin_bits(Address line, std::uint64_t starts) {
    std::uint64_t& bits = heap_.pin_bits(line);
    std::uint64_t pinned = bits & starts;
    if (kHaveEnded && bits != 0 && heap_.take_pin_ended(line)) {
      look_again(line, pinned);
    }
    if (bits != pinned) {
      bits = pinned;
      if (pinned == 0) {
        heap_.pin_lines().remove(line);
      }
    }
    return pinned;
  }

  /// Extends the marks of a block, and holds what is pinned in it: what was marked and has a pin
  /// bit.
  template <bool kHaveEnded>
  void extend_and_hold(heap::MarkExtension& extension, heap::Block block, std::size_t pin_lines) {
    const heap::AddressRange range = heap_.range_of(block);
    // One pass is less than two. But where some lines have pins and most have none, it cannot be
    // foreseen which; where next to none have, that is seldom wrong.
    const std::size_t lines = range.bytes() / heap::kLineBytes;
    const bool is_sparse = pin_lines > lines / 32 && pin_lines < lines / 4;
    const Pinned pinned = is_sparse ? extend_twice<kHaveEnded>(extension, range)
                                    : extend_once<kHaveEnded>(extension, range);
    live_.pins += pinned.pins;
    live_.pinned_bytes += pinned.granules * kGranuleBytes;
    if (pinned.pins != 0) {
      held_->hold_pinned(
          block, {pinned.granules * kGranuleBytes, static_cast<std::uint32_t>(pinned.islands)});
    }
  }

  template <bool kHaveEnded>
  Pinned extend_once(heap::MarkExtension& extension, heap::AddressRange range) {
    Pinned found;
    extension.extend(range, [&](Address line, std::uint64_t starts, std::uint64_t rest) {
      constexpr std::size_t kAheadBytes = 16 * heap::kLineBytes;
      if (kHaveEnded && range.limit - line > kAheadBytes) {
        expect_ended(line + kAheadBytes);
      }
      const std::uint64_t pinned = settle_pin_bits<kHaveEnded>(line, starts);
      if ((pinned | found.reaches) != 0) {
        found.add(pinned, rest);
      }
    });
    return found;
  }

  template <bool kHaveEnded>
  Pinned extend_twice(heap::MarkExtension& extension, heap::AddressRange range) {
    if (kHaveEnded) {
      heap_.pin_lines().for_each(range, [this](Address line) { expect_ended(line); });
    } else {
      expect_pin_bits(range);
    }
    extension.extend(range, [](Address, std::uint64_t, std::uint64_t) {});
    Pinned found;
    heap_.pin_lines().for_each_and_above(range, [&](Address line) {
      const heap::LineMarks& marks = marks_.line(line);
      found.add(settle_pin_bits<kHaveEnded>(line, marks.live & marks.start),
                marks.live & ~marks.start);
      return found.reaches != 0;
    });
    return found;
  }

  heap::Heap& heap_;
  heap::MarkTable marks_;
  Extent extent_;
  PauseReport& report_;
  HeldObjects* held_;
  LiveSet live_;
  PrefetchRing ring_;
  std::vector<Address> stack_;
};

void unmark(const heap::Heap& heap) {
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const heap::AddressRange block = heap.range_of(heap::Block{i});
    if (heap.state(block.base) == state::kFree) {
      continue;
    }
    for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
      heap::unmark(heap.marks().line(line));
    }
  }
}

/// For trace_pin_sets().
struct PinTrace {
  Marker& marker;
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
  const std::uint64_t pinned_objects = generations.pins.pinned_objects();
  unmark(generations.heap);
  generations.held.forget();  // of a collection that a handler of leaks left by throwing
  Marker marker(generations, LiveSet(), Extent::start, report, &generations.held);
  roots.for_each([&](Address slot) { marker.reach(Address(slot.word())); });
  marker.drain();
  marker.extend();
  const std::uint64_t by_references = marker.live().objects;
  std::vector<ObjectRef> ambiguous = ambiguous_targets(generations.heap, roots);
  for (const ObjectRef object : ambiguous) {
    marker.reach(object.address());
  }
  marker.drain();
  const std::uint64_t by_roots = marker.live().objects;
  // Most of what is pinned is alive by itself: where all of it is, sets need not be gone over.
  const bool all_reached = marker.live().pins == pinned_objects;
  std::vector<PinSet*> unreached = trace_pin_sets(generations.pins, all_reached, PinTrace{marker});
  generations.pins.end_dead_pins(
      [&](ObjectRef object) { return !marker.is_marked(object.address()); });
  LiveSet live = std::move(marker.live());
  live.ambiguous = std::move(ambiguous);
  live.unreached = std::move(unreached);
  if (!live.unreached.empty()) {
    generations.held.forget();  // their pins end now, and others may hold the same objects
  }
  report.alive_by_ambiguous_alone += by_roots - by_references;
  report.alive_by_pin_alone += live.objects - by_roots;
  report.survivor_objects = live.objects;
  report.survivor_bytes = live.bytes + live.large_bytes;
  return live;
}

LiveSet mark_with(Generations& generations, const PinSet& set, const LiveSet& live) {
  PauseReport apart;
  Marker marker(generations, live, Extent::whole, apart, nullptr);
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
