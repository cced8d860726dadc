#include "collector/migrate.hpp"

#include "collector/move_observer.hpp"
#include "collector/phase_timer.hpp"
#include "collector/walk.hpp"

#include <algorithm>
#include <cstring>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Header;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

bool is_in(const IslandList& islands, Address a) {
  const auto above = std::ranges::upper_bound(islands, a, {}, &AddressRange::base);
  return above != islands.begin() && std::prev(above)->contains(a);
}

/// Ascending, each once.
std::vector<Address> old_migrants(const heap::Heap& heap,
                                  const RootSet& roots,
                                  const IslandList& islands) {
  std::vector<Address> waiting;
  roots.migrants.for_each([&](Address slot) {
    const Address object(slot.word());
    if (heap.state(object) == state::kOld && !is_in(islands, object)) {
      waiting.push_back(object);
    }
  });
  std::ranges::sort(waiting);
  waiting.erase(std::unique(waiting.begin(), waiting.end()), waiting.end());
  return waiting;
}

class Migration {
 public:
  Migration(Generations& generations, PauseReport& report)
      : generations_(generations), heap_(generations.heap), report_(report) {}

  /// The copy is there, and the object forwarded to it and flagged. False where there is no room.
  bool copy(Address from) {
    const Header header = ObjectRef(from).header();
    const std::size_t bytes = header.bytes();
    const AddressRange taken = generations_.pinned_space.take(bytes, bytes);
    if (taken.empty()) {
      return false;
    }
    const Address to = taken.base;
    std::memcpy(to.as<void>(), from.as<void>(), bytes);
    to.word() = Header(header.granules(), header.references()).word();
    heap_.marks().set_start(to);
    heap_.marks().set_live({to, to + bytes});
    if (header.references() > 0) {
      heap_.set_may_refer(to);
    }
    generations_.pinned_space.give_back({to + bytes, taken.limit});
    from.word() = to.value() | Header::kForwarded;
    heap_.set_immovable(from);
    moved_.push_back({from, to, bytes});
    ++report_.migrated_objects;
    report_.migrated_bytes += bytes;
    report_.moved_bytes += bytes;
    report_.pinned_space_live += bytes;
    return true;
  }

  /// Those who listen hear of every object of a block out of which something moved.
  void tell() const {
    std::vector<Survivor> survivors;
    for (auto moved = moved_.begin(); moved != moved_.end();) {
      const heap::Block block = heap_.block_of(moved->from);
      survivors.clear();
      heap_.marks().for_each_start(heap_.range_of(block), [&](Address from) {
        const bool goes = moved != moved_.end() && moved->from == from;
        survivors.push_back(goes ? *moved++ : Survivor{from, from, ObjectRef(from).bytes()});
      });
      for (MoveObserver* observer : generations_.move_observers) {
        observer->survived(block, survivors);
      }
    }
    for (MoveObserver* observer : generations_.move_observers) {
      observer->step_ended();
    }
  }

  void update_references(const RootSet& roots) const {
    for (const Survivor& moved : moved_) {
      heap_.marks().clear_start({moved.from, moved.from + heap::kGranuleBytes});
    }
    const auto update = [this](Address slot) {
      const Address target(slot.word());
      if (target && heap_.is_immovable(target)) {
        slot.word() = ObjectRef(target).header().forwarding().value();
      }
    };
    const auto update_object = [&](ObjectRef object) {
      for (std::size_t i = 0; i < object.references(); ++i) {
        update(object.slot(i));
      }
    };
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const heap::Block block{i};
      if (heap_.state(block) != state::kFree && heap_.may_refer(block)) {
        for_each_object(heap_, block, update_object);
      }
    }
    for (const auto& [base, bytes] : heap_.large().objects()) {
      update_object(ObjectRef(base));
    }
    roots.for_each(update);
    roots.for_each_weak(update);
    generations_.pins.for_each_owned_set(
        [&](pinning::PinSet& set) { update(set.owner_slot()); });
  }

  /// What was left is free, and offered to nobody until the next full collection.
  void leave() {
    for (const Survivor& moved : moved_) {
      const AddressRange gap{moved.from, moved.from + moved.bytes};
      heap_.clear_immovable(moved.from);
      heap_.marks().clear_live(gap);
      heap_.format_gap(gap);
    }
  }

  [[nodiscard]] bool is_empty() const { return moved_.empty(); }

 private:
  Generations& generations_;
  heap::Heap& heap_;
  PauseReport& report_;
  std::vector<Survivor> moved_;  ///< ascending
};

}  // namespace

void migrate_old(Generations& generations,
                 const RootSet& roots,
                 const IslandMap& islands,
                 PauseReport& report) {
  const std::vector<Address> waiting = old_migrants(generations.heap, roots, islands.listed());
  if (waiting.empty()) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::move);
  Migration migration(generations, report);
  for (const Address object : waiting) {
    if (!migration.copy(object)) {
      break;
    }
  }
  if (migration.is_empty()) {
    return;
  }
  if (!generations.move_observers.empty()) {
    migration.tell();
  }
  migration.update_references(roots);
  migration.leave();
}

}  // namespace pinlab::collector
