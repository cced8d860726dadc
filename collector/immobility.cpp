#include "collector/immobility.hpp"

#include <algorithm>

namespace pinlab::collector {

using heap::Address;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

/// Of ascending words: a nursery block has no table of where objects start, and is walked once for
/// all words that point into it.
class Lookup {
 public:
  explicit Lookup(const heap::Heap& heap) : heap_(heap) {}

  [[nodiscard]] ObjectRef object_at(Address word) {
    switch (heap_.state(word) & state::kOwnerMask) {
      case state::kOld:
        return old_object_at(word);
      case state::kNursery:
        return nursery_object_at(word);
      case state::kLarge: {
        const ObjectRef object = heap_.large().object_containing(word);
        return object && object.range().contains(word) ? object : ObjectRef();
      }
      default:
        return {};
    }
  }

 private:
  /// The dead that earlier collections left standing have no start bits.
  [[nodiscard]] ObjectRef old_object_at(Address word) const {
    const Address block = heap_.range_of(heap_.block_of(word)).base;
    const ObjectRef object(heap_.marks().start_at_or_before(word, block));
    return object && object.range().contains(word) ? object : ObjectRef();
  }

  [[nodiscard]] ObjectRef nursery_object_at(Address word) {
    const heap::AddressRange block = heap_.range_of(heap_.block_of(word));
    if (!block.contains(walk_) || walk_ > word) {
      walk_ = block.base;
    }
    while (ObjectRef(walk_).range().limit <= word) {
      walk_ = ObjectRef(walk_).range().limit;
    }
    const ObjectRef object(walk_);
    return object.header().has(heap::Header::kFiller) ? ObjectRef() : object;
  }

  const heap::Heap& heap_;
  Address walk_;
};

}  // namespace

void count(PauseReport& report, Reason reason, std::uint64_t bytes) {
  switch (reason) {
    case Reason::pin:
      ++report.pins;
      report.pinned_bytes += bytes;
      break;
    case Reason::ambiguous:
      ++report.ambiguous_objects;
      report.ambiguous_bytes += bytes;
      break;
    case Reason::flow:
      ++report.flowed_objects;
      report.flowed_bytes += bytes;
      break;
    case Reason::parent:
      ++report.child_objects;
      report.child_bytes += bytes;
      break;
  }
}

std::vector<ObjectRef> ambiguous_targets(const heap::Heap& heap, const RootSet& roots) {
  std::vector<Address> words;
  roots.for_each_ambiguous([&](Address word) {
    if (heap.contains(word)) {
      words.push_back(word);
    }
  });
  std::ranges::sort(words);
  std::vector<ObjectRef> targets;
  Lookup lookup(heap);
  for (const Address word : words) {
    const ObjectRef object = lookup.object_at(word);
    if (object && (targets.empty() || targets.back() != object)) {
      targets.push_back(object);
    }
  }
  return targets;
}

}  // namespace pinlab::collector
