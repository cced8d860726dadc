#include "collector/young.hpp"

#include "collector/cement.hpp"
#include "collector/copy_spaces.hpp"
#include "collector/dirty_cards.hpp"
#include "collector/move_observer.hpp"
#include "collector/phase_timer.hpp"
#include "collector/pin_tracing.hpp"
#include "collector/prefetch_ring.hpp"
#include "collector/young_islands.hpp"
#include "collector/young_settling.hpp"
#include "collector/young_slide.hpp"

#include <algorithm>
#include <optional>

namespace pinlab::collector {

using heap::Address;
using heap::Header;
using heap::kGranuleBytes;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

template <YoungScope kScope>
class YoungCollection {
 public:
  YoungCollection(Generations& generations,
                  const RootSet& roots,
                  const YoungRules& rules,
                  Motion motion,
                  const YoungIslands& islands,
                  PauseReport& report)
      : generations_(generations),
        heap_(generations.heap),
        marks_(generations.heap.marks()),
        roots_(roots),
        islands_(islands),
        report_(report),
        motion_(motion),
        survivals_(rules.empty_nursery ? 0 : rules.survivals),
        copies_(generations,
                kScope == YoungScope::whole || survivals_ == 0 ? OtherSpace::forbidden
                                                               : OtherSpace::allowed,
                report),
        cement_(generations.options.nursery_variants.cement, islands.pinned) {}

  /// The slots of old objects that refer to what may slide.
  std::vector<Address> run() {
    move_apart();
    trace_roots();
    scan_cards();
    drain();
    trace_ambiguous();
    if (kScope == YoungScope::whole) {
      trace_sets();
    } else {
      trace_pins();
    }
    drain();
    end_dead_pins();
    update_weaks();
    copies_.close();
    remember_apart();
    if (motion_ == Motion::copy) {
      cement_.set(generations_.heap, report_);
    }
    return std::move(remembered_);
  }

 private:
  /// What waits to be pinned goes to the pinned space, before anything else finds it. Where there
  /// is no room it is a root as any other.
  void move_apart() {
    const PhaseTimer timer(report_, PausePhase::roots);
    roots_.migrants.for_each([this](Address slot) {
      const Address from(slot.word());
      const std::uint8_t where = heap_.state(from);
      const bool old_in_place = (where & state::kMixed) != 0 && marks_.is_start(from);
      if ((where & state::kFrom) == 0 || old_in_place || heap_.is_immovable(from)) {
        return;
      }
      const Header header = ObjectRef(from).header();
      if (header.has(Header::kForwarded)) {
        slot.word() = header.forwarding().value();
      } else if (const Address to = copies_.copy_apart(from, header)) {
        slot.word() = to.value();
        moved_apart_.push_back(to);
      }
    });
  }

  /// Under Motion::slide a slot of an old object is looked at again: these became old here, and
  /// some lie on cards that were dirty. Each slot once, since it is forwarded as often as it stands
  /// in the list.
  void remember_apart() {
    if (motion_ != Motion::slide) {
      return;
    }
    for (const Address object : moved_apart_) {
      for (std::size_t i = 0; i < ObjectRef(object).references(); ++i) {
        if (refers_to_condemned(ObjectRef(object).slot(i))) {
          remembered_.push_back(ObjectRef(object).slot(i));
        }
      }
    }
    if (!moved_apart_.empty()) {
      std::ranges::sort(remembered_);
      remembered_.erase(std::unique(remembered_.begin(), remembered_.end()), remembered_.end());
    }
  }

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
    for (pinning::PinSet* set : trace_pin_sets(generations_.pins, false, PinTrace{*this})) {
      if (const std::optional<pinning::PinLeak> leak = generations_.pins.end_unreached(*set)) {
        generations_.pins.report_leak(*leak);
      }
    }
    report_.alive_by_pin_alone += report_.in_place_objects - reached;
  }

  /// After references, so that what they do not reach is known.
  void trace_ambiguous() {
    const std::uint64_t reached = report_.in_place_objects + report_.copied_objects;
    for (const ObjectRef object : islands_.ambiguous) {
      reach_in_place(object);
    }
    drain();
    report_.alive_by_ambiguous_alone +=
        report_.in_place_objects + report_.copied_objects - reached;
  }

  /// What is old where old objects are not traced is reached as it is.
  void reach_in_place(ObjectRef object) {
    const std::uint8_t where = heap_.state(object.address());
    if ((where & state::kFrom) != 0) {
      stay(object.address(), object.header());
    } else if (kScope == YoungScope::whole && (where & state::kLarge) != 0) {
      reach_large(object.address());
    }
  }

  [[nodiscard]] bool is_reached(ObjectRef object) const {
    return marks_.is_live(object.address()) || object.header().has(Header::kForwarded);
  }

  /// After everything else, so that what only a pin reaches is known. A pin that keeps alive is a
  /// root here, whoever owns its set: a young collection does not ask.
  void trace_pins() {
    const std::uint64_t reached = report_.in_place_objects;
    const std::vector<Address> weak = weakly_pinned(generations_.pins);
    for (const ObjectRef island : islands_.pinned) {
      if (weak.empty() || !std::ranges::binary_search(weak, island.address())) {
        stay(island.address(), island.header());
      }
    }
    for (const ObjectRef object : islands_.kept) {
      if (!object.header().has(Header::kForwarded)) {  // it went apart
        stay(object.address(), object.header());
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
    for_each_remembered_slot(heap_, report_, [this](Address slot) {
      if (motion_ == Motion::slide && refers_to_condemned(slot)) {
        remembered_.push_back(slot);
      }
      visit(slot);
    });
  }

  [[nodiscard]] bool refers_to_condemned(Address slot) const {
    const Address target(slot.word());
    return target && (heap_.state(target) & state::kFrom) != 0;
  }

  /// A slot of the heap: its target is looked at when it has arrived in the cache.
  void visit(Address slot) {
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
    const std::uint8_t there = heap_.state(to);
    if ((there & state::kNursery) != 0) {
      if ((there & (state::kIslands | state::kMixed)) == 0) {
        heap_.card(slot) = 1;
      } else {
        note_edge_to_stayed(slot, to, there);
      }
    }
  }

  void note_edge_to_stayed(Address slot, Address to, std::uint8_t there) {
    // Where nothing is copied everything will be old; a slide looks again when it knows its moves.
    const bool old_in_place =
        (there & state::kMixed) != 0 && marks_.is_start(to) && !heap_.is_immovable(to);
    if (motion_ != Motion::copy || old_in_place) {
      return;
    }
    heap_.card(slot) = 1;
    if (cement_.is_on() && (heap_.state(slot) & (state::kOld | state::kLarge)) != 0) {
      cement_.count(to);
    }
  }

  /// Where the object is from now on. REQUIRES a target in a block that is being emptied.
  Address evacuate(Address from, std::uint8_t where) {
    const Header header = ObjectRef(from).header();
    if (header.has(Header::kForwarded)) {
      return header.forwarding();
    }
    if ((where & state::kIslands) != 0 && stays(from, header, where)) {
      stay(from, header);
      return from;
    }
    const bool promote = kScope == YoungScope::nursery && header.age() >= survivals_;
    const Address to = copies_.copy(from, header, promote);
    if (!to) {
      fail(from);
      stay(from, header);
      return from;
    }
    return to;
  }

  /// REQUIRES a block in which something stays.
  [[nodiscard]] bool stays(Address from, Header header, std::uint8_t where) const {
    return heap_.is_immovable(from) || marks_.is_live(from) ||
           ((where & state::kKeeps) != 0 && (!islands_.leaves_only || header.references() == 0));
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
    marks_.set_start(from);
    ++report_.in_place_objects;
    report_.in_place_bytes += header.bytes();
    if (header.references() > 0) {
      heap_.set_may_refer(from);
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
      if (const ObjectRef copy = copies_.next()) {
        scan_object(copy);
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

  void scan_object(ObjectRef object) {
    const std::size_t references = object.references();
    report_.slots_visited += references;
    const Address limit = object.slot(references);
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
  const YoungIslands& islands_;
  PauseReport& report_;
  Motion motion_;
  unsigned survivals_;
  CopySpaces copies_;
  Cement cement_;
  PrefetchRing ring_;
  std::vector<Address> in_place_;
  std::vector<Address> remembered_;
  std::vector<Address> moved_apart_;
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

/// A full collection compacts what it finds: nothing need slide before.
Motion motion_of(const Generations& generations, const YoungRules& rules) {
  if (rules.scope == YoungScope::whole) {
    return Motion::copy;
  }
  const Motion motion = generations.nursery_route->motion(generations.heap.free_blocks());
  return rules.empty_nursery && motion == Motion::slide ? Motion::stay : motion;
}

}  // namespace

void collect_young(Generations& generations,
                   const RootSet& roots,
                   const YoungRules& rules,
                   PauseReport& report) {
  const Motion motion = motion_of(generations, rules);
  const std::vector<heap::Block> blocks = condemn_nursery(generations.heap);
  generations.nursery_gaps->clear();
  YoungIslands islands = form_young_islands(generations, roots, blocks, rules, motion, report);
  std::vector<Address> remembered;
  if (rules.scope == YoungScope::whole) {
    YoungCollection<YoungScope::whole>(generations, roots, rules, motion, islands, report).run();
    release_unreached_large(generations.heap);
  } else {
    remembered =
        YoungCollection<YoungScope::nursery>(generations, roots, rules, motion, islands, report)
            .run();
  }
  report.survivor_objects += report.copied_objects + report.in_place_objects;
  report.survivor_bytes += report.copied_bytes + report.in_place_bytes;
  tell_of_young(generations, blocks, report);
  // Objects whose pins ended in this collection, and that died: nothing is known of their place.
  std::erase_if(islands.pinned, [&](ObjectRef object) {
    return !generations.heap.marks().is_live(object.address());
  });
  const std::uint32_t survivors_limit =
      motion == Motion::slide ? slide_survivors(generations, roots, blocks, remembered, report) : 0;
  settle_nursery(generations, blocks, rules, motion, survivors_limit, report);
  keep_young_pins(generations, islands.pinned);
}

}  // namespace pinlab::collector
