// One pass over the heap in the order of its addresses hashes the bytes of every object, for both
// digests; the graph is then walked by what the pass noted, without a look at objects that refer to
// nothing. Both would else be bound by memory that is far away.
#include "collector/digest.hpp"

#include "heap/support/digest.hpp"
#include "collector/prefetch_ring.hpp"
#include "collector/walk.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <utility>
#include <vector>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::Digest;
using heap::Header;
using heap::kGranuleBytes;
using heap::ObjectRef;

namespace {

/// So far ahead is asked for memory: over the end of the object, as the next one follows it.
constexpr std::size_t kPrefetchBytes = 2048;
constexpr std::size_t kWordsPerPrefetch = 4;

std::uint64_t hash_bytes(ObjectRef object, Header header) {
  const Address base = object.slot(header.references());
  const std::size_t words = header.granules() - header.references() - 1;
  return heap::hash_row(words, [base](std::size_t i) {
    const Address word = base + kGranuleBytes * i;
    if (i % kWordsPerPrefetch == 0) {
      __builtin_prefetch((word + kPrefetchBytes).as<void>());
    }
    return word.word();
  });
}

/// The references as offsets from the heap's base, 0 being null.
std::uint64_t hash_references(ObjectRef object, Header header, Address heap_base) {
  return heap::hash_row(header.references(), [&](std::size_t i) -> std::uint64_t {
    const ObjectRef target = object.load(i);
    return target ? target.address() - heap_base + 1 : 0;
  });
}

/// visit(object, its header, the hash of its bytes), ascending; the digest of the heap.
template <class Visit>
std::uint64_t digest_objects(const heap::Heap& heap, Visit&& visit) {
  Digest digest;
  for_each_object(heap, [&](ObjectRef object) {
    const Header header = object.header();
    const std::uint64_t bytes = hash_bytes(object, header);
    digest.add(object.address() - heap.base());
    digest.add(header.word());
    if (header.references() > 0) {
      digest.add(hash_references(object, header, heap.base()));
    }
    digest.add(bytes);
    visit(object, header, bytes);
  });
  return digest.value();
}

/// What a pass over the heap noted of each object, found by its address: by start bits, and the
/// rank of the first object of each line, for which the compactor's table of offsets is free.
class ObjectTable {
 public:
  struct Object {
    std::uint64_t bytes;   ///< their hash
    std::uint32_t number;  ///< in the order in which the walk met them, from 1
    std::uint32_t references;
  };

  explicit ObjectTable(const heap::Heap& heap) : heap_(heap), first_line_(heap.block_count()) {
    std::size_t lines = 0;
    for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
      if (is_without_bits(heap.state(Block{i}))) {
        first_line_[i] = lines;
        lines += heap.block_bytes() / heap::kLineBytes;
      }
    }
    starts_.resize(lines);
  }

  /// Ascending, blocks before large objects.
  void add(ObjectRef object, Header header, std::uint64_t bytes) {
    const Address a = object.address();
    if (heap_.blocks_range().contains(a)) {
      if (is_without_bits(heap_.state(a))) {
        own_starts(a) |= heap::granule_bit(a);
      }
      if ((starts(a) & (heap::granule_bit(a) - 1)) == 0) {
        heap_.line_offset(a) = count_;
      }
    } else {
      large_.emplace_back(a, count_);
    }
    if (count_ % kChunk == 0) {
      chunks_.push_back(std::make_unique_for_overwrite<Object[]>(kChunk));
    }
    at(count_++) = {bytes, 0, static_cast<std::uint32_t>(header.references())};
  }

  /// The object will be looked for. Inlined always, since g++ drops calls of what only prefetches.
  [[gnu::always_inline]] void expect(ObjectRef object) const {
    const Address a = object.address();
    if (heap_.blocks_range().contains(a)) {
      __builtin_prefetch(&heap_.marks().line(a));
      __builtin_prefetch(&heap_.line_offset(a));
    }
  }

  [[nodiscard]] Object& find(ObjectRef object) {
    const Address a = object.address();
    if (heap_.blocks_range().contains(a)) {
      const std::uint64_t below = starts(a) & (heap::granule_bit(a) - 1);
      return at(heap_.line_offset(a) + static_cast<std::uint32_t>(std::popcount(below)));
    }
    const auto large = std::ranges::lower_bound(large_, a, {}, &Large::first);
    EXPECTS(large != large_.end() && large->first == a);
    return at(large->second);
  }

 private:
  using Large = std::pair<Address, std::uint32_t>;
  static constexpr std::uint32_t kChunk = 1U << 16U;

  /// Of nursery blocks only the old objects have start bits.
  [[nodiscard]] static bool is_without_bits(std::uint8_t state) {
    return state != heap::block_state::kFree && (state & heap::block_state::kOld) == 0;
  }
  [[nodiscard]] std::uint64_t& own_starts(Address a) {
    const Block block = heap_.block_of(a);
    return starts_[first_line_[heap::index_of(block)] +
                   (a - heap_.range_of(block).base) / heap::kLineBytes];
  }
  [[nodiscard]] std::uint64_t starts(Address a) {
    return is_without_bits(heap_.state(a)) ? own_starts(a) : heap_.marks().line(a).start;
  }
  [[nodiscard]] Object& at(std::uint32_t rank) { return chunks_[rank / kChunk][rank % kChunk]; }

  const heap::Heap& heap_;
  std::vector<std::size_t> first_line_;  ///< by block, of those without start bits
  std::vector<std::uint64_t> starts_;    ///< of their lines
  std::vector<std::unique_ptr<Object[]>> chunks_;
  std::uint32_t count_ = 0;
  std::vector<Large> large_;
};

/// Breadth first. References pass through a short queue, so that what is noted of their objects has
/// arrived when it is looked at; their order stays.
class GraphDigest {
 public:
  explicit GraphDigest(ObjectTable& table) : table_(table) {}

  void refer(ObjectRef target) {
    if (put_ - taken_ == kDepth) {
      take();
    }
    if (put_ - found_ == kDepth / 2) {
      find();
    }
    if (target) {
      table_.expect(target);
    }
    queue_[put_++ % kDepth] = {target, nullptr};
  }

  /// Follows the references of every object that was met.
  std::uint64_t finish() {
    for (std::size_t i = 0;; ++i) {
      while (i == open_.size() && taken_ < put_) {
        if (found_ < put_) {
          find();
        }
        take();
      }
      if (i == open_.size()) {
        return digest_.value();
      }
      if (i + kAhead < open_.size()) {
        prefetch(open_[i + kAhead].address());
      }
      const ObjectRef object = open_[i];
      for (std::size_t slot = 0, slots = object.references(); slot < slots; ++slot) {
        refer(object.load(slot));
      }
    }
  }

 private:
  static constexpr std::size_t kDepth = 32;
  static constexpr std::size_t kAhead = 8;
  struct Reference {
    ObjectRef target;
    ObjectTable::Object* object = nullptr;
  };

  void find() {
    Reference& reference = queue_[found_++ % kDepth];
    if (reference.target) {
      reference.object = &table_.find(reference.target);
      prefetch(Address::of(reference.object));
    }
  }

  void take() {
    const Reference& reference = queue_[taken_++ % kDepth];
    if (!reference.target) {
      digest_.add(0);
      return;
    }
    ObjectTable::Object& object = *reference.object;
    const bool is_new = object.number == 0;
    if (is_new) {
      object.number = ++numbered_;
    }
    digest_.add(object.number);
    if (is_new) {
      digest_.add(object.references);
      digest_.add(object.bytes);
      if (object.references > 0) {
        open_.push_back(reference.target);
      }
    }
  }

  ObjectTable& table_;
  Digest digest_;
  std::uint32_t numbered_ = 0;
  std::vector<ObjectRef> open_;  ///< met, with references, in the order of their numbers
  std::array<Reference, kDepth> queue_{};
  std::size_t put_ = 0;
  std::size_t found_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace

std::uint64_t digest_heap(const heap::Heap& heap) {
  return digest_objects(heap, [](ObjectRef, Header, std::uint64_t) {});
}

Digests digest_both(const heap::Heap& heap, const RootSet& roots) {
  ObjectTable table(heap);
  const std::uint64_t of_heap =
      digest_objects(heap, [&](ObjectRef object, Header header, std::uint64_t bytes) {
        table.add(object, header, bytes);
      });
  GraphDigest graph(table);
  const auto add_root = [&](Address slot) { graph.refer(ObjectRef(Address(slot.word()))); };
  roots.for_each_held(add_root);
  return {.heap = of_heap, .graph = graph.finish()};
}

}  // namespace pinlab::collector
