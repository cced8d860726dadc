// What a check costs next to nothing can see: where every old object lies, and some of them in
// full.
//
// Invariant: what is chosen follows from places for the digest of the heap, and from the order of
// roots and slots alone for that of the graph. No object is chosen by what a run did to it.
#include "heap/support/digest.hpp"
#include "collector/digest.hpp"
#include "collector/prefetch_ring.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <vector>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::Digest;
using heap::Header;
using heap::kGranuleBytes;
using heap::kGranulesPerLine;
using heap::kLineBytes;
using heap::ObjectRef;

namespace {

/// So that no sampled digest is taken for a full one.
constexpr std::uint64_t kKind = 0x64656C706D6173;  // "sampled"

/// Makes one word of the two of a line; odd, so that no change of one of them alone is lost.
constexpr std::uint64_t kLiveFactor = 0x9E3779B97F4A7C15U;

/// Of the lines of blocks one in so many: a prime, so that no block has its sample where the others
/// have it.
constexpr std::size_t kLinesPerSample = 251;
/// Of a nursery block, whose objects have no bits beside them, so many from its base.
constexpr std::size_t kYoungPerBlock = 16;
/// Contents of large objects: of at least so many where there are as many, evenly by rank.
constexpr std::size_t kLargeObjects = 128;
/// The graph: of the first objects so many, and of the references of each.
constexpr std::size_t kGraphObjects = 1024;
constexpr std::size_t kGraphReferences = 512;

/// Which of `count` words are read: the first 512, and then one line in 61.
class WordSample {
 public:
  explicit WordSample(std::size_t count) : size_(std::min(count, kHead)) {
    const std::size_t rest = count - size_;
    size_ +=
        rest / kPeriod * kGranulesPerLine + std::min<std::size_t>(rest % kPeriod, kGranulesPerLine);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// The index of the i-th of them.
  [[nodiscard]] static std::size_t index(std::size_t i) {
    return i < kHead
               ? i
               : kHead + (i - kHead) / kGranulesPerLine * kPeriod + (i - kHead) % kGranulesPerLine;
  }

 private:
  static constexpr std::size_t kHead = 512;
  static constexpr std::size_t kPeriod = std::size_t{61} * kGranulesPerLine;
  std::size_t size_;
};

std::uint64_t hash_bytes(ObjectRef object, Header header) {
  const Address base = object.slot(header.references());
  return heap::hash_row(
      WordSample(header.granules() - header.references() - 1).size(),
      [base](std::size_t i) { return (base + kGranuleBytes * WordSample::index(i)).word(); });
}

/// As offsets from the heap's base, 0 being null.
std::uint64_t hash_references(ObjectRef object, Header header, Address heap_base) {
  return heap::hash_row(WordSample(header.references()).size(),
                        [object, heap_base](std::size_t i) -> std::uint64_t {
                          const ObjectRef target = object.load(WordSample::index(i));
                          return target ? target.address() - heap_base + 1 : 0;
                        });
}

/// Inlined always, since g++ drops calls of what only prefetches.
[[gnu::always_inline]] inline void prefetch_head(ObjectRef object) {
  constexpr std::size_t kCacheLine = 64;
  for (std::size_t i = 0; i < 4; ++i) {
    prefetch(object.address() + kCacheLine * i);
  }
}

class HeapSample {
 public:
  explicit HeapSample(const heap::Heap& heap) : heap_(heap) { digest_.add(kKind); }

  std::uint64_t take() {
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const Block block{i};
      if (const std::uint8_t state = heap_.state(block); state != heap::block_state::kFree) {
        digest_.add(std::uint64_t{i} << 8U | state);
        take_block(heap_.range_of(block), state);
      }
    }
    take_large();
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (i + kAhead < samples_.size()) {
        prefetch_head(samples_[i + kAhead]);
      }
      add_object(samples_[i]);
    }
    return digest_.value();
  }

 private:
  void take_block(AddressRange range, std::uint8_t state) {
    const bool is_old = (state & heap::block_state::kOld) != 0;
    if (is_old || (state & heap::block_state::kMixed) != 0) {
      take_marks(range);
    }
    if (!is_old) {
      take_young(range);
    }
  }

  /// Where each object starts and ends.
  void take_marks(AddressRange range) {
    const heap::LineMarks* const marks = &heap_.marks().line(range.base);
    const std::size_t lines = range.bytes() / kLineBytes;
    digest_.add(heap::hash_row(
        lines, [marks](std::size_t i) { return marks[i].start + marks[i].live * kLiveFactor; }));
    const std::size_t passed = (range.base - heap_.base()) / kLineBytes;
    const std::size_t first = (kLinesPerSample - passed % kLinesPerSample) % kLinesPerSample;
    for (std::size_t line = first; line < lines; line += kLinesPerSample) {
      if (const std::uint64_t starts = marks[line].start; starts != 0) {
        const auto granule = static_cast<std::size_t>(std::countr_zero(starts));
        samples_.emplace_back(range.base + kLineBytes * line + kGranuleBytes * granule);
      }
    }
  }

  /// The first objects of a nursery block by place and header, and the first of them in full.
  void take_young(AddressRange range) {
    bool is_first = true;
    Address walk = range.base;
    for (std::size_t i = 0; i < kYoungPerBlock && walk < range.limit; ++i) {
      const ObjectRef object(walk);
      const Header header = object.header();
      digest_.add(header.word());
      if (is_first && !header.has(Header::kFiller)) {
        samples_.push_back(object);
        is_first = false;
      }
      walk += header.bytes();
    }
  }

  void take_large() {
    const auto& objects = heap_.large().objects();
    const std::size_t step = objects.size() / kLargeObjects + 1;
    std::size_t rank = 0;
    for (const auto& [base, footprint] : objects) {
      digest_.add(base - heap_.base());
      digest_.add(footprint);
      if (rank++ % step == 0) {
        samples_.emplace_back(base);
      }
    }
  }

  void add_object(ObjectRef object) {
    const Header header = object.header();
    digest_.add(object.address() - heap_.base());
    digest_.add(header.word());
    digest_.add(hash_references(object, header, heap_.base()));
    digest_.add(hash_bytes(object, header));
  }

  const heap::Heap& heap_;
  Digest digest_;
  std::vector<ObjectRef> samples_;  ///< to be read, in the order in which they were chosen
};

/// Breadth first, as of the whole graph, but of an object with many references only some are
/// followed, evenly, and what is met after so many objects has no number.
class GraphSample {
 public:
  GraphSample() { digest_.add(kKind); }

  void refer(ObjectRef target) {
    if (!target) {
      digest_.add(0);
      return;
    }
    const std::uintptr_t key = target.address().value();
    const auto found = numbers_.find(key);
    digest_.add(found == numbers_.end() ? open_.size() + 1 : found->second);
    if (found == numbers_.end() && open_.size() < kGraphObjects) {
      prefetch_head(target);
      open_.push_back(target);
      numbers_.emplace(key, open_.size());
    }
  }

  std::uint64_t finish() {
    for (std::size_t i = 0; i < open_.size(); ++i) {
      const ObjectRef object = open_[i];
      const Header header = object.header();
      digest_.add(header.references());
      digest_.add(header.granules());
      digest_.add(hash_bytes(object, header));
      const std::size_t step = header.references() / kGraphReferences + 1;
      for (std::size_t slot = 0; slot < header.references(); slot += step) {
        refer(object.load(slot));
      }
    }
    return digest_.value();
  }

 private:
  Digest digest_;
  std::unordered_map<std::uintptr_t, std::size_t> numbers_;  ///< looked into, never gone over
  std::vector<ObjectRef> open_;                              ///< met, in the order of their numbers
};

}  // namespace

Digests digest_sample(const heap::Heap& heap, const RootSet& roots) {
  GraphSample graph;
  const auto add_root = [&](Address slot) { graph.refer(ObjectRef(Address(slot.word()))); };
  roots.for_each_held(add_root);
  return {.heap = HeapSample(heap).take(), .graph = graph.finish()};
}

}  // namespace pinlab::collector
