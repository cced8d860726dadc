// Where a young collection copies to: a young and an old space, and the pinned one. The copies are
// the queue of what is still to be scanned, as in Cheney's collector.
//
// Invariants: (1) a copy that is old has its start bit, and its live bits when its range is closed; (2) what next() has not named yet lies
// between a space's scan and its cursor, or in a pending range.
#pragma once

#include "collector/generations.hpp"
#include "collector/pause.hpp"
#include "collector/prefetch_ring.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace pinlab::collector {

/// Better old too early, or young too long, than not to move; but not where one space must stay.
enum class OtherSpace : std::uint8_t { allowed, forbidden };

class CopySpaces {
 public:
  CopySpaces(Generations& generations, OtherSpace other, PauseReport& report)
      : heap_(generations.heap),
        marks_(generations.heap.marks()),
        report_(report),
        other_(other),
        young_{generations.nursery, {}, {}, {}, {}},
        old_{generations.old, {}, {}, {}, {}},
        pinned_{generations.pinned_space, {}, {}, {}, {}} {}

  /// The copy, `from` forwarded to it; null where there is no room.
  [[nodiscard]] heap::Address copy(heap::Address from, heap::Header header, bool promote) {
    const std::size_t bytes = header.bytes();
    ToSpace* space = promote ? &old_ : &young_;
    if (bytes > space->limit - space->cursor && !refill(*space, bytes)) {
      space = promote ? &young_ : &old_;
      promote = !promote;
      if (other_ == OtherSpace::forbidden ||
          (bytes > space->limit - space->cursor && !refill(*space, bytes))) {
        return {};
      }
    }
    return place(*space, from, header, promote);
  }

  /// The same in the pinned space.
  [[nodiscard, gnu::noinline]] heap::Address copy_apart(heap::Address from, heap::Header header) {
    const std::size_t bytes = header.bytes();
    if (bytes > pinned_.limit - pinned_.cursor && !refill(pinned_, bytes)) {
      return {};
    }
    ++report_.migrated_objects;
    report_.migrated_bytes += bytes;
    return place(pinned_, from, header, true);
  }

  /// A copy that nobody has scanned yet, or null.
  [[nodiscard]] heap::ObjectRef next() {
    if (young_.scan < young_.cursor) {
      return next_of(young_.scan);
    }
    if (old_.scan < old_.cursor) {
      return next_of(old_.scan);
    }
    if (pinned_.scan < pinned_.cursor) {
      return next_of(pinned_.scan);
    }
    while (!pending_.empty()) {
      heap::AddressRange& range = pending_.back();
      if (!range.empty()) {
        return next_of(range.base);
      }
      pending_.pop_back();
    }
    return {};
  }

  void close() {
    close(young_);
    close(old_);
    close(pinned_);
  }

 private:
  /// Objects are copied to [base, cursor) and scanned up from `scan`.
  struct ToSpace {
    heap::Space& space;
    heap::Address base;
    heap::Address scan;
    heap::Address cursor;
    heap::Address limit;
  };

  static constexpr std::size_t kPreferredBytes = std::size_t{256} << 10U;  // of a larger block
  static constexpr std::size_t kInlineCopyBytes = 64;
  static constexpr std::size_t kAheadBytes = 512;  // where small copies will go: as in allocation

  [[nodiscard, gnu::always_inline]] heap::Address place(ToSpace& space,
                                                        heap::Address from,
                                                        heap::Header header,
                                                        bool promote) {
    const std::size_t bytes = header.bytes();
    const heap::Address to = space.cursor;
    space.cursor = to + bytes;
    copy_object(to, from, bytes);
    const unsigned age = promote ? 0 : std::min(header.age() + 1, 7U);
    to.word() = heap::Header(header.granules(), header.references()).word() |
                (std::uintptr_t{age} << heap::Header::kAgeShift);
    from.word() = to.value() | heap::Header::kForwarded;
    if (header.references() > 0) {
      heap_.set_may_refer(to);
    } else if (space.scan == to) {
      space.scan = space.cursor;  // nothing to scan in it: the copy need not be read again
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

  static void copy_object(heap::Address to, heap::Address from, std::size_t bytes) {
    if (bytes <= kInlineCopyBytes) {
      prefetch(to + kAheadBytes);
      for (std::size_t at = heap::kGranuleBytes; at < bytes; at += heap::kGranuleBytes) {
        (to + at).word() = (from + at).word();
      }
    } else {
      std::memcpy((to + heap::kGranuleBytes).as<void>(), (from + heap::kGranuleBytes).as<void>(),
                  bytes - heap::kGranuleBytes);
    }
  }

  [[nodiscard]] static heap::ObjectRef next_of(heap::Address& scan) {
    const heap::ObjectRef object(scan);
    scan = object.range().limit;
    return object;
  }

  bool refill(ToSpace& space, std::size_t bytes) {
    close(space);
    const heap::AddressRange range =
        space.space.take(bytes, std::max(bytes, std::min(heap_.block_bytes(), kPreferredBytes)));
    if (range.empty()) {
      return false;
    }
    space.base = space.scan = space.cursor = range.base;
    space.limit = range.limit;
    return true;
  }

  void close(ToSpace& space) {
    if (space.scan < space.cursor) {
      pending_.push_back({space.scan, space.cursor});
    }
    if (&space != &young_ && space.base < space.cursor) {
      marks_.set_live({space.base, space.cursor});
    }
    space.space.give_back({space.cursor, space.limit});
    space.base = space.scan = space.cursor = space.limit = heap::Address();
  }

  heap::Heap& heap_;
  heap::MarkTable marks_;
  PauseReport& report_;
  OtherSpace other_;
  ToSpace young_;
  ToSpace old_;
  ToSpace pinned_;
  std::vector<heap::AddressRange> pending_;
};

}  // namespace pinlab::collector
