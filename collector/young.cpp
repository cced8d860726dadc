#include "collector/young.hpp"

#include "collector/move_observer.hpp"
#include "collector/phase_timer.hpp"
#include "collector/pin_tracing.hpp"
#include "collector/prefetch_ring.hpp"
#include "collector/young_islands.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Header;
using heap::kGranuleBytes;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

/// A to-space: objects are copied to `cursor` and scanned up from `scan`.
struct ToSpace {
  heap::Space& space;
  Address scan;
  Address cursor;
  Address limit;
};

constexpr std::size_t kPreferredBytes = std::size_t{256} << 10U;  // of a block that is larger
constexpr std::size_t kInlineCopyBytes = 64;

void copy_object(Address to, Address from, std::size_t bytes) {
  if (bytes <= kInlineCopyBytes) {
    for (std::size_t at = kGranuleBytes; at < bytes; at += kGranuleBytes) {
      (to + at).word() = (from + at).word();
    }
  } else {
    std::memcpy((to + kGranuleBytes).as<void>(), (from + kGranuleBytes).as<void>(),
                bytes - kGranuleBytes);
  }
}

template <YoungScope kScope>
class YoungCollection {
 public:
  YoungCollection(Generations& generations,
                  const RootSet& roots,
                  const YoungRules& rules,
                  PauseReport& report)
      : generations_(generations),
        heap_(generations.heap),
        marks_(generations.heap.marks()),
        roots_(roots),
        report_(report),
        survivals_(rules.empty_nursery ? 0 : rules.survivals),
        young_{generations.nursery, {}, {}, {}},
        old_{generations.old, {}, {}, {}} {}

  void run(std::span<const ObjectRef> islands) {
    trace_roots();
    scan_cards();
    drain();
    if (kScope == YoungScope::whole) {
      trace_sets();
    } else {
      trace_pins(islands);
    }
    drain();
    end_dead_pins();
    update_weaks();
    close(young_);
    close(old_);
  }

 private:
  void trace_roots() {
    const PhaseTimer timer(report_, PausePhase::roots);
    roots_.for_each([this](Address slot) { trace_root(slot); });
    if (kScope == YoungScope::nursery) {
      generations_.pins.for_each_owned_set([this](pinning::PinSet& set) {
        if (set.owner()) {
          trace_root(set.owner_slot());
        }
      });
    }
  }

  /// For trace_pin_sets().
  struct PinTrace {
    YoungCollection& young;
    void reach_pin(ObjectRef object) const {
      if ((young.heap_.state(object.address()) & state::kLarge) != 0) {
        young.reach_large(object.address());
      } else {
        young.stay(object.address(), object.header());
      }
    }
    void drain() const { young.drain(); }
    [[nodiscard]] bool is_reached(ObjectRef object) const { return young.is_reached(object); }
    void reach_owner(pinning::PinSet& set) const { young.trace_root(set.owner_slot()); }
  };

  /// Where nothing is old, whose pin it is decides: as in marking.
  void trace_sets() {
    const std::uint64_t reached = report_.in_place_objects;
    for (pinning::PinSet* set : trace_pin_sets(generations_.pins, PinTrace{*this})) {
      if (const std::optional<pinning::PinLeak> leak = generations_.pins.end_unreached(*set)) {
        generations_.pins.report_leak(*leak);
      }
    }
    report_.alive_by_pin_alone += report_.in_place_objects - reached;
  }

  [[nodiscard]] bool is_reached(ObjectRef object) const {
    return marks_.is_live(object.address()) || object.header().has(Header::kForwarded);
  }

  /// After everything else, so that what only a pin reaches is known. A pin that keeps alive is a
  /// root here, whoever owns its set: a young collection does not ask.
  void trace_pins(std::span<const ObjectRef> islands) {
    const std::uint64_t reached = report_.in_place_objects;
    const std::vector<Address> weak = weakly_pinned(generations_.pins);
    for (const ObjectRef island : islands) {
      if (weak.empty() || !std::ranges::binary_search(weak, island.address())) {
        stay(island.address(), island.header());
      }
    }
    report_.alive_by_pin_alone += report_.in_place_objects - reached;
  }

  /// Pins that keep nothing alive end with their objects.
  void end_dead_pins() {
    if (kScope == YoungScope::whole) {
      generations_.pins.end_dead_pins([this](ObjectRef object) { return !is_reached(object); });
    } else {
      generations_.pins.end_dead_young_pins([this](ObjectRef object) {
        return (heap_.state(object.address()) & state::kFrom) != 0 && !is_reached(object);
      });
    }
  }

  void trace_root(Address slot) {
    const Address target(slot.word());
    const std::uint8_t where = heap_.state(target);
    if ((where & state::kFrom) != 0) {
      slot.word() = evacuate(target, where).value();
    } else if (kScope == YoungScope::whole && (where & state::kLarge) != 0) {
      reach_large(target);
    }
  }

  void scan_cards() {
    if (kScope == YoungScope::whole) {
      return;
    }
    const PhaseTimer timer(report_, PausePhase::cards);
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const AddressRange block = heap_.range_of(heap::Block{i});
      if (heap_.state(block.base) == state::kOld && heap_.may_refer(heap::Block{i})) {
        for_each_dirty_card(block, [&](AddressRange card) { scan_card(card, block.base); });
      }
    }
    for (const auto& [base, bytes] : heap_.large().objects()) {
      for_each_dirty_card(
          {base, base + bytes},
          [this, holder = ObjectRef(base)](AddressRange card) { scan_slots(holder, card); });
    }
  }

  /// Each dirty card of [range) is cleaned, then visited: whoever leaves an edge to a young object
  /// on it dirties it again.
  template <class Visit>
  void for_each_dirty_card(AddressRange range, Visit&& visit_card) {
    constexpr std::size_t kCardsPerWord = sizeof(std::uint64_t);
    for (Address a = range.base; a < range.limit; a += kCardsPerWord * heap::kLineBytes) {
      std::uint64_t dirty = 0;
      std::memcpy(&dirty, &heap_.card(a), sizeof dirty);
      if (dirty == 0) {
        continue;
      }
      for (std::size_t i = 0; i < kCardsPerWord; ++i) {
        if (((dirty >> (8 * i)) & 1U) != 0) {
          const Address card = a + i * heap::kLineBytes;
          ++report_.cards_scanned;
          heap_.card(card) = 0;
          visit_card(AddressRange{card, card + heap::kLineBytes});
        }
      }
    }
  }

  /// The slots on one card: of the object that comes in from below, and of those that start on it.
  void scan_card(AddressRange card, Address block_base) {
    const std::uint64_t starts = marks_.line(card.base).start;
    if ((starts & 1U) == 0 && card.base > block_base) {
      const Address before = marks_.start_at_or_before(card.base - kGranuleBytes, block_base);
      if (before) {
        scan_slots(ObjectRef(before), card);
      }
    }
    for (std::uint64_t rest = starts; rest != 0; rest &= rest - 1) {
      scan_slots(
          ObjectRef(card.base + kGranuleBytes * static_cast<std::size_t>(std::countr_zero(rest))),
          card);
    }
  }

  void scan_slots(ObjectRef object, AddressRange bounds) {
    const Address first = std::max(object.slot(0), bounds.base);
    const Address limit = std::min(object.slot(object.references()), bounds.limit);
    for (Address slot = first; slot < limit; slot += kGranuleBytes) {
      visit(slot);
    }
  }

  /// A slot of the heap: its target is looked at when it has arrived in the cache.
  void visit(Address slot) {
    ++report_.slots_visited;
    const Address target(slot.word());
    if (!target) {
      return;
    }
    const std::uint8_t where = heap_.state(target);
    if ((where & state::kFrom) == 0) {
      if (kScope == YoungScope::whole && (where & state::kLarge) != 0) {
        reach_large(target);
      }
      return;
    }
    prefetch(target);
    const Address ready = ring_.exchange(slot);
    if (ready) {
      update(ready);
    }
  }

  void update(Address slot) {
    Address to(slot.word());
    const std::uint8_t where = heap_.state(to);
    // A copy that lands on a dirty card is scanned with the card and as a copy: the second time its
    // slots are done.
    if ((where & state::kFrom) != 0) {
      to = evacuate(to, where);
      slot.word() = to.value();
    }
    // An edge to what is young still: its holder's card must be dirty, should the holder be old.
    if ((heap_.state(to) & state::kNursery) != 0) {
      heap_.card(slot) = 1;
    }
  }

  /// Where the object is from now on. REQUIRES a target in a block that is being emptied.
  Address evacuate(Address from, std::uint8_t where) {
    const Header header = ObjectRef(from).header();
    if (header.has(Header::kForwarded)) {
      return header.forwarding();
    }
    if ((where & state::kIslands) != 0 && heap_.is_immovable(from)) {
      stay(from, header);
      return from;
    }
    const bool promote = kScope == YoungScope::nursery && header.age() >= survivals_;
    return copy(from, header, promote);
  }

  Address copy(Address from, Header header, bool promote) {
    const std::size_t bytes = header.bytes();
    ToSpace* space = promote ? &old_ : &young_;
    if (bytes > space->limit - space->cursor && !refill(*space, bytes)) {
      // The other space may have room: better old too early, or young too long, than not to move.
      space = promote ? &young_ : &old_;
      promote = !promote;
      if (kScope == YoungScope::whole || survivals_ == 0 ||
          (bytes > space->limit - space->cursor && !refill(*space, bytes))) {
        fail(from);
        stay(from, header);
        return from;
      }
    }
    const Address to = space->cursor;
    space->cursor = to + bytes;
    copy_object(to, from, bytes);
    const unsigned age = promote ? 0 : std::min(header.age() + 1, 7U);
    to.word() = Header(header.granules(), header.references()).word() |
                (std::uintptr_t{age} << Header::kAgeShift);
    from.word() = to.value() | Header::kForwarded;
    if (header.references() > 0) {
      heap_.set_may_refer(to);
    } else if (space->scan == to) {
      space->scan = space->cursor;  // nothing to scan in it: the copy need not be read again
    }
    ++report_.copied_objects;
    report_.copied_bytes += bytes;
    if (promote) {
      marks_.set_start(to);
      ++report_.promoted_objects;
      report_.promoted_bytes += bytes;
    }
    return to;
  }

  bool refill(ToSpace& space, std::size_t bytes) {
    close(space);
    const AddressRange range =
        space.space.take(bytes, std::max(bytes, std::min(heap_.block_bytes(), kPreferredBytes)));
    if (range.empty()) {
      return false;
    }
    space.scan = space.cursor = range.base;
    space.limit = range.limit;
    return true;
  }

  void close(ToSpace& space) {
    if (space.scan < space.cursor) {
      pending_.push_back({space.scan, space.cursor});
    }
    space.space.give_back({space.cursor, space.limit});
    space.scan = space.cursor = space.limit = Address();
  }

  /// No room anywhere: the object becomes immovable for this collection.
  void fail(Address from) {
    heap_.set_immovable(from);
    heap_.state(from) |= state::kIslands;
    ++report_.failed_objects;
  }

  void stay(Address from, Header header) {
    if (marks_.is_live(from)) {
      return;
    }
    marks_.set_live({from, from + header.bytes()});
    ++report_.in_place_objects;
    report_.in_place_bytes += header.bytes();
    if (header.references() > 0) {
      in_place_.push_back(from);
    }
  }

  void reach_large(Address object) {
    heap::LineMarks& line = marks_.line(object);
    if ((line.live & 1U) == 0) {
      line.live |= 1U;
      ++report_.survivor_objects;
      report_.survivor_bytes += ObjectRef(object).bytes();
      in_place_.push_back(object);
    }
  }

  void drain() {
    const PhaseTimer timer(report_, PausePhase::copy);
    for (;;) {
      if (young_.scan < young_.cursor) {
        scan_next(young_);
      } else if (old_.scan < old_.cursor) {
        scan_next(old_);
      } else if (!pending_.empty()) {
        scan_pending();
      } else if (!in_place_.empty()) {
        const ObjectRef object(in_place_.back());
        in_place_.pop_back();
        scan_object(object);
      } else if (const Address slot = ring_.take()) {
        update(slot);
      } else {
        return;
      }
    }
  }

  void scan_next(ToSpace& space) {
    const ObjectRef object(space.scan);
    space.scan = object.range().limit;
    scan_object(object);
  }

  void scan_pending() {
    AddressRange range = pending_.back();
    pending_.pop_back();
    while (!range.empty()) {
      const ObjectRef object(range.base);
      range.base = object.range().limit;
      scan_object(object);
    }
  }

  void scan_object(ObjectRef object) {
    const Address limit = object.slot(object.references());
    for (Address slot = object.slot(0); slot < limit; slot += kGranuleBytes) {
      visit(slot);
    }
  }

  void update_weaks() {
    roots_.for_each_weak([this](Address slot) {
      const Address target(slot.word());
      const std::uint8_t where = heap_.state(target);
      if ((where & state::kFrom) != 0) {
        const Header header = ObjectRef(target).header();
        if (header.has(Header::kForwarded)) {
          slot.word() = header.forwarding().value();
        } else if ((where & state::kIslands) == 0 || !marks_.is_live(target)) {
          slot.word() = 0;
        }
      } else if (kScope == YoungScope::whole && (where & state::kLarge) != 0 &&
                 !marks_.is_live(target)) {
        slot.word() = 0;
      }
    });
  }

  Generations& generations_;
  heap::Heap& heap_;
  heap::MarkTable marks_;
  const RootSet& roots_;
  PauseReport& report_;
  unsigned survivals_;
  ToSpace young_;
  ToSpace old_;
  PrefetchRing ring_;
  std::vector<AddressRange> pending_;
  std::vector<Address> in_place_;
};

void release_unreached_large(heap::Heap& heap) {
  std::vector<ObjectRef> dead;
  for (const auto& [base, bytes] : heap.large().objects()) {
    std::uint64_t& live = heap.marks().line(base).live;
    if ((live & 1U) == 0) {
      dead.emplace_back(base);
    }
    live = 0;
  }
  for (const ObjectRef object : dead) {
    heap.release_large(object);
  }
}

}  // namespace

void collect_young(Generations& generations,
                   const RootSet& roots,
                   const YoungRules& rules,
                   PauseReport& report) {
  const std::vector<heap::Block> blocks = condemn_nursery(generations.heap);
  generations.nursery_gaps->clear();
  std::vector<ObjectRef> islands = form_young_islands(generations, report);
  if (rules.scope == YoungScope::whole) {
    YoungCollection<YoungScope::whole>(generations, roots, rules, report).run(islands);
    release_unreached_large(generations.heap);
  } else {
    YoungCollection<YoungScope::nursery>(generations, roots, rules, report).run(islands);
  }
  report.survivor_objects += report.copied_objects + report.in_place_objects;
  report.survivor_bytes += report.copied_bytes + report.in_place_bytes;
  tell_of_young(generations, blocks, report);
  // Objects whose pins ended in this collection, and that died: nothing is known of their place.
  std::erase_if(islands, [&](ObjectRef object) {
    return !generations.heap.marks().is_live(object.address());
  });
  settle_nursery(generations, blocks, rules, report);
  keep_young_pins(generations, islands);
}

}  // namespace pinlab::collector
