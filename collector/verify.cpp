#include "collector/verify.hpp"

#include "heap/support/digest.hpp"
#include "collector/runtime.hpp"
#include "collector/walk.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::Header;
using heap::ObjectRef;
using pinning::PinSet;
namespace state = heap::block_state;

namespace {

constexpr unsigned kMostTries = 1U << 20U;  ///< of waiting for what another thread does next

/// Bits of the verifier's own, one for each granule of the blocks, and a set for large objects.
class AddressSet {
 public:
  explicit AddressSet(const heap::Heap& heap)
      : heap_(heap), bits_((heap.blocks_range().bytes() / heap::kGranuleBytes + 63) / 64) {}

  /// False where it was in the set before.
  bool add(Address a) {
    if (!heap_.blocks_range().contains(a)) {
      return large_.try_emplace(a, true).second;
    }
    const std::size_t granule = (a - heap_.base()) / heap::kGranuleBytes;
    const std::uint64_t bit = std::uint64_t{1} << (granule % 64);
    const bool added = (bits_[granule / 64] & bit) == 0;
    bits_[granule / 64] |= bit;
    return added;
  }

  [[nodiscard]] bool contains(Address a) const {
    if (!heap_.blocks_range().contains(a)) {
      return large_.contains(a);
    }
    const std::size_t granule = (a - heap_.base()) / heap::kGranuleBytes;
    return a == a.align_down(heap::kGranuleBytes) &&
           (bits_[granule / 64] >> (granule % 64) & 1U) != 0;
  }

 private:
  const heap::Heap& heap_;
  std::vector<std::uint64_t> bits_;
  std::map<Address, bool> large_;
};

/// visit(ObjectRef) for each object that an ambiguous root points into, found by looking at every
/// object of its block; some more than once.
template <class Visit>
void for_each_pointed_into(const heap::Heap& heap, const RootSet& roots, Visit&& visit) {
  roots.for_each_ambiguous([&](Address word) {
    if (!heap.contains(word)) {
      return;
    }
    const auto look = [&](ObjectRef object) {
      if (object.range().contains(word)) {
        visit(object);
      }
    };
    if (!heap.blocks_range().contains(word)) {
      for (const auto& [base, bytes] : heap.large().objects()) {
        look(ObjectRef(base));
      }
    } else if (heap.state(word) != state::kFree) {
      for_each_object(heap, heap.block_of(word), look);
    }
  });
}

class Verifier {
 public:
  Verifier(Generations& generations, const RootSet& roots)
      : generations_(generations), heap_(generations.heap), roots_(roots), objects_(heap_) {}

  void blocks() const {
    std::uint64_t used = 0;
    std::uint64_t pinned = 0;
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const std::uint8_t owner = heap_.state(Block{i});
      used += owner != state::kFree ? 1U : 0U;
      pinned += state::is_pinned_space(owner) ? 1U : 0U;
      if (owner != state::kFree && owner != state::kOld && owner != state::kPinned &&
          owner != state::kNursery && owner != (state::kNursery | state::kMixed)) {
        fail("V01", heap_.range_of(Block{i}).base, "a collection left a flag on the block");
      }
    }
    if (pinned != heap_.pinned_blocks()) {
      fail("V17", heap_.base(), "blocks of the pinned space do not add up");
    }
    if (used != heap_.used_blocks()) {
      fail("V17", heap_.base(), "used blocks do not add up");
    }
    if (heap_.used_bytes() > heap_.max_bytes()) {
      fail("V17", heap_.base(), "more is used than heap.max");
    }
  }

  void pins() const {
    std::map<Address, std::uint64_t> counts;
    generations_.pins.for_each_set([&](PinSet& set) {
      const std::lock_guard lock(set.lock());
      for (const PinSet::Entry& entry : set.entries()) {
        ++counts[entry.object.address()];
      }
    });
    for (const auto& [address, count] : counts) {
      const ObjectRef object(address);
      const Header header = object.header();
      if (!header.has(Header::kPinned) || header.has(Header::kMultiple) != (count > 1) ||
          generations_.pins.extra_pins(object) != count - 1) {
        fail("V11", address,
             "sets hold " + std::to_string(count) + " pins of an object that knows another number");
      }
      if (heap_.is_young(address) && !header.has(Header::kListed)) {
        fail("V11", address, "a pinned young object is not listed");
      }
    }
    pinned_objects_ = counts.size();
  }

  void walk() {
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      if (heap_.state(Block{i}) != state::kFree) {
        walk_block(Block{i});
      }
    }
    for (const auto& [base, bytes] : heap_.large().objects()) {
      objects_.add(base);
      pinned_headers_ += ObjectRef(base).header().has(Header::kPinned) ? 1U : 0U;
    }
    if (pinned_headers_ != pinned_objects_) {
      fail("V12", heap_.base(),
           std::to_string(pinned_headers_) + " headers are pinned, but sets pin " +
               std::to_string(pinned_objects_) + " objects");
    }
  }

  /// What is pinned has its bit, and what has a bit is pinned, or was until after the last look.
  void pin_bit(ObjectRef object) {
    const bool has_bit = heap_.may_be_pinned(object.address());
    if (object.header().has(Header::kPinned)) {
      ++pinned_headers_;
      if (!has_bit) {
        fail("V12", object.address(), "a collection would overlook that an object is pinned");
      }
      return;
    }
    // Another thread may be between the two steps of an unpin.
    for (unsigned tries = 0; has_bit && !heap_.has_pin_ended(object.address()); ++tries) {
      if (tries == kMostTries) {
        fail("V12", object.address(), "an object that is not pinned would be taken for it");
      }
      std::this_thread::yield();
    }
  }

  void edges() const {
    for_each_object(heap_, [&](ObjectRef object) {
      const bool old = !heap_.is_young(object.address());
      for (std::size_t i = 0; i < object.references(); ++i) {
        check_edge(object.slot(i), old);
      }
    });
    roots_.for_each([&](Address slot) { check_target(slot, Address(slot.word())); });
    roots_.for_each_weak([&](Address slot) { check_target(slot, Address(slot.word())); });
  }

  void offered_gaps() const {
    if (generations_.old_gaps->bytes() + generations_.pinned_gaps->bytes() > heap_.used_bytes()) {
      fail("V16", heap_.base(), "more is offered in gaps than blocks have");
    }
  }

  /// The verifier's own closure: what roots, pins and owners of sets reach.
  [[nodiscard]] AddressSet reachable(std::uint64_t& count) const {
    AddressSet seen(heap_);
    std::vector<ObjectRef> stack;
    const auto reach = [&](Address a) {
      if (a && seen.add(a)) {
        ++count;
        stack.emplace_back(a);
      }
    };
    roots_.for_each([&](Address slot) { reach(Address(slot.word())); });
    for_each_pointed_into(heap_, roots_, [&](ObjectRef object) { reach(object.address()); });
    generations_.pins.for_each_set([&](PinSet& set) {
      if (set.belongs_to_scope() && set.keeps_alive()) {
        const std::lock_guard lock(set.lock());
        for (const PinSet::Entry& entry : set.entries()) {
          reach(entry.object.address());
        }
      }
    });
    for (bool more = true; more;) {
      while (!stack.empty()) {
        const ObjectRef object = stack.back();
        stack.pop_back();
        for (std::size_t i = 0; i < object.references(); ++i) {
          reach(object.load(i).address());
        }
      }
      generations_.pins.for_each_owned_set([&](PinSet& set) {
        const std::lock_guard lock(set.lock());
        if (set.keeps_alive() && set.owner() && seen.contains(set.owner().address())) {
          for (const PinSet::Entry& entry : set.entries()) {
            reach(entry.object.address());
          }
        }
      });
      more = !stack.empty();
    }
    return seen;
  }

  [[noreturn]] void fail(const char* invariant, Address where, const std::string& what) const {
    throw VerificationFailed(std::string(invariant) + ": " + what + " (heap offset " +
                             std::to_string(where - heap_.base()) + ")");
  }

  [[nodiscard]] const heap::Heap& heap() const { return heap_; }

 private:
  void walk_block(Block block) {
    const AddressRange range = heap_.range_of(block);
    const bool old = (heap_.state(block) & state::kOld) != 0;
    const bool mixed = !old && (heap_.state(block) & state::kMixed) != 0;
    heap_.pin_lines().for_each(range, [this](Address line) {
      if (heap_.pin_bits(line) == 0) {
        fail("V12", line, "a line without pin bits is listed among those that have some");
      }
    });
    Address walk = range.base;
    while (walk < range.limit) {
      const ObjectRef object(walk);
      const Header header = object.header();
      if (header.has(Header::kForwarded)) {
        fail("V03", walk, "a header is forwarded outside a pause");
      }
      if (header.bytes() == 0 || header.bytes() < heap::kGranuleBytes * (1 + header.references()) ||
          header.bytes() > range.limit - walk) {
        fail("V02", walk, "a header has an impossible size");
      }
      const bool start = heap_.marks().is_start(walk);
      if (!old && !mixed && start) {
        fail("V20", walk, "a nursery object has a start bit");
      }
      if ((old || mixed) && start != heap_.marks().is_live(walk)) {
        fail("V20", walk, "start and live bits of an object are at odds");
      }
      if (start && heap_.marks().end_of_live(walk, range.limit) != object.range().limit) {
        fail("V20", walk, "live bits do not end with their object");
      }
      if (header.has(Header::kFiller) && start) {
        fail("V20", walk, "a filler has a start bit");
      }
      // In an old block an object without a start bit is dead: headers of the dead are left
      // standing.
      if (!header.has(Header::kFiller) && (!old || start)) {
        objects_.add(walk);
        pin_bit(ObjectRef(walk));
      }
      walk = object.range().limit;
    }
    if (walk != range.limit) {
      fail("V01", walk, "the walk does not end at the block's end");
    }
    heap_.marks().for_each_start(range, [&](Address start) {
      if (!objects_.contains(start)) {
        fail("V20", start, "a start bit where no object starts");
      }
    });
  }

  void check_edge(Address slot, bool from_old) const {
    const Address target(slot.word());
    if (!target) {
      return;
    }
    check_target(slot, target);
    if (from_old && heap_.is_young(target) && heap_.card(slot) == 0) {
      fail("V07", slot, "an edge from old to young lies on a clean card");
    }
    if (from_old && heap_.blocks_range().contains(slot) && !heap_.may_refer(heap_.block_of(slot))) {
      fail("V07", slot, "an edge lies in a block that is said to have none");
    }
  }

  void check_target(Address slot, Address target) const {
    if (!heap_.contains(target) || !objects_.contains(target)) {
      throw VerificationFailed(
          "V04: the slot at " +
          (heap_.contains(slot) ? "heap offset " + std::to_string(slot - heap_.base())
                                : std::string("a root")) +
          " does not refer to an object" +
          (heap_.contains(target) ? " (heap offset " + std::to_string(target - heap_.base()) + ")"
                                  : " of the heap"));
    }
  }

  Generations& generations_;
  const heap::Heap& heap_;
  const RootSet& roots_;
  AddressSet objects_;
  mutable std::uint64_t pinned_objects_ = 0;
  std::uint64_t pinned_headers_ = 0;
};

void verify_once(Generations& generations, const RootSet& roots, VerifyLevel level) {
  Verifier verifier(generations, roots);
  verifier.blocks();
  verifier.pins();
  if (level != VerifyLevel::cheap) {
    verifier.walk();
    verifier.edges();
    verifier.offered_gaps();
  }
}

}  // namespace

void verify_heap(Generations& generations, const RootSet& roots, VerifyLevel level) {
  // A thread that is no mutator may end pins meanwhile: then what was counted is looked at again.
  for (;;) {
    const std::uint64_t ended = generations.pins.counts().ended;
    try {
      verify_once(generations, roots, level);
      return;
    } catch (const VerificationFailed&) {
      if (generations.pins.counts().ended == ended) {
        throw;
      }
    }
  }
}

void verify_nothing_dead(Generations& generations, const RootSet& roots, VerifyLevel level) {
  if (level == VerifyLevel::cheap) {
    return;
  }
  const Verifier verifier(generations, roots);
  std::uint64_t reached = 0;
  const AddressSet reachable = verifier.reachable(reached);
  std::uint64_t kept = 0;
  for_each_object(generations.heap, [&](ObjectRef object) {
    ++kept;
    if (!reachable.contains(object.address())) {
      verifier.fail("V06", object.address(),
                    "a full collection kept an object that nothing reaches");
    }
  });
  if (kept != reached) {
    verifier.fail(
        "V06", generations.heap.base(),
        std::to_string(reached) + " objects are reachable, " + std::to_string(kept) + " are there");
  }
}

PinWitness::PinWitness(Generations& generations, const RootSet& roots)
    : heap_(&generations.heap), pins_(&generations.pins) {
  generations.pins.for_each_set([&](PinSet& set) {
    const std::lock_guard lock(set.lock());
    // A set whose owner may die in this collection promises nothing.
    if (!set.belongs_to_scope() || !set.keeps_alive()) {
      return;
    }
    for (const PinSet::Entry& entry : set.entries()) {
      // Bytes that others write may change at any time; that the object stayed is still checked.
      add(entry.object, entry.object, !generations.pins.sites().expects_foreign_writes(entry.site));
    }
  });
  for_each_pointed_into(*heap_, roots, [&](ObjectRef object) { add(object, {}, true); });
  add_flow(generations.options.pin_transitive);
  generations.pins.parents().for_each([&](Address slot) {
    Parent& parent = parents_.emplace_back();
    parent.slot = slot;
    const ObjectRef object(Address(slot.word()));
    for (std::size_t i = 0; i < object.references(); ++i) {
      parent.children.push_back(object.load(i));
    }
  });
}

void PinWitness::add(ObjectRef object, ObjectRef origin, bool stable) {
  const Header header = object.header();
  Entry& entry = entries_.emplace_back();
  entry.object = object;
  entry.shape = Header(header.granules(), header.references()).word();
  entry.payload = stable ? std::optional(payload_hash(object)) : std::nullopt;
  entry.origin = origin;
}

void PinWitness::add_flow(std::uint32_t depth) {
  if (depth == 0) {
    return;
  }
  // From each origin apart, since it may be unpinned meanwhile.
  const std::size_t origins = entries_.size();
  for (std::size_t i = 0; i < origins; ++i) {
    std::map<Address, std::uint32_t> reached = {{entries_[i].object.address(), 0}};
    std::vector<ObjectRef> queue = {entries_[i].object};
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const ObjectRef object = queue[next];
      const std::uint32_t at = reached[object.address()];
      for (std::size_t slot = 0; slot < object.references() && at < depth; ++slot) {
        const ObjectRef target = object.load(slot);
        if (target && reached.try_emplace(target.address(), at + 1).second) {
          queue.push_back(target);
          add(target, entries_[i].origin, false);
        }
      }
    }
  }
}

std::uint64_t PinWitness::payload_hash(ObjectRef object) {
  heap::Digest digest;
  const Address limit = object.range().limit;
  for (Address a = object.slot(object.references()); a < limit; a += heap::kGranuleBytes) {
    digest.add(a.word());
  }
  return digest.value();
}

void PinWitness::check() const {
  // What another thread unpinned during the pause may be gone: only what is still held promises.
  std::map<Address, bool> held;
  pins_->for_each_set([&](PinSet& set) {
    const std::lock_guard lock(set.lock());
    for (const PinSet::Entry& entry : set.entries()) {
      held.try_emplace(entry.object.address(), true);
    }
  });
  for (const Entry& entry : entries_) {
    if (entry.origin && !held.contains(entry.origin.address())) {
      continue;
    }
    const Header header = entry.object.header();
    if (Header(header.granules(), header.references()).word() != entry.shape ||
        (entry.payload && payload_hash(entry.object) != *entry.payload)) {
      throw VerificationFailed("V10: an immovable object changed or moved (heap offset " +
                               std::to_string(entry.object.address() - heap_->base()) + ")");
    }
  }
  for (const Parent& parent : parents_) {
    const ObjectRef object(Address(parent.slot.word()));
    for (std::size_t i = 0; object && i < parent.children.size(); ++i) {
      if (object.load(i) != parent.children[i]) {
        throw VerificationFailed("V10: a slot was updated that cannot be (heap offset " +
                                 std::to_string(object.slot(i) - heap_->base()) + ")");
      }
    }
  }
}

}  // namespace pinlab::collector
