// The memory of one runtime: one reservation of blocks and large objects, and the tables beside it.
//
//   |<-- blocks: heap.max / heap.block of them -->|<-- large objects: address space only -->|
//
// Invariants: (1) every block has one owner; (2) used blocks and large objects together stay within
// max_bytes; (3) memory of a block above its high-water mark was not touched; (4) between
// pauses every used block can be walked from base to limit, but for its open cursors.
//
// Not thread-safe: the runtime's lock, or a stopped world, is around every change.
#pragma once

#include "heap/gap_reuse.hpp"
#include "heap/large_space.hpp"
#include "heap/line_set.hpp"
#include "heap/marks.hpp"
#include "heap/object.hpp"
#include "heap/open_cursors.hpp"
#include "heap/reservation.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace pinlab::heap {

/// Who owns a block, and what the running collection wants to know of it, as bits of one byte.
namespace block_state {
inline constexpr std::uint8_t kFree = 0;
inline constexpr std::uint8_t kOld = 1;
inline constexpr std::uint8_t kLarge = 2;
inline constexpr std::uint8_t kNursery = 4;
inline constexpr std::uint8_t kFrom = 8;      ///< a nursery block that is being emptied
inline constexpr std::uint8_t kIslands = 16;  ///< some of its objects stay in this collection
inline constexpr std::uint8_t kSource =
    32;  ///< an old block whose movable objects have a new address
/// A nursery block that holds old objects too, also between pauses: those with start bits.
inline constexpr std::uint8_t kMixed = 64;
/// Of the pinned space: an old block out of which nothing moves, pinned or not, and into which only
/// what was or will be pinned comes. No nursery block is one, so a bit serves twice.
inline constexpr std::uint8_t kPinned = kOld | 64;
/// More than the islands of a nursery block stay in this collection.
inline constexpr std::uint8_t kKeeps = 128;
inline constexpr std::uint8_t kOwnerMask = kOld | kLarge | kNursery;

[[nodiscard]] constexpr bool is_pinned_space(std::uint8_t state) {
  return (state & kPinned) == kPinned;
}
}  // namespace block_state

struct HeapConfig {
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;
  std::uint64_t block_bytes = std::uint64_t{64} << 10U;
};

/// Sizes that no heap can have; what() says which and why.
struct HeapConfigError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

class Heap {
 public:
  /// Throws HeapConfigError, or std::bad_alloc where the system gives no address space.
  explicit Heap(const HeapConfig& config);

  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }
  [[nodiscard]] unsigned block_shift() const { return block_shift_; }
  [[nodiscard]] std::uint64_t max_bytes() const { return max_bytes_; }
  [[nodiscard]] std::uint32_t block_count() const { return block_count_; }
  /// An object of more bytes is a large one.
  [[nodiscard]] std::size_t large_threshold() const { return block_bytes_ / 2; }

  [[nodiscard]] Address base() const { return range_.base; }
  /// Addresses that can be objects of this heap.
  [[nodiscard]] AddressRange range() const { return range_; }
  [[nodiscard]] bool contains(Address a) const { return range_.contains(a); }
  [[nodiscard]] AddressRange blocks_range() const {
    return {range_.base, range_.base + (std::size_t{block_count_} << block_shift_)};
  }
  [[nodiscard]] Block block_of(Address a) const {
    return Block{static_cast<std::uint32_t>((a - range_.base) >> block_shift_)};
  }
  [[nodiscard]] AddressRange range_of(Block block) const {
    const Address base = range_.base + (std::size_t{index_of(block)} << block_shift_);
    return {base, base + block_bytes_};
  }

  /// The state of the block that holds `a`. REQUIRES contains(a).
  [[nodiscard]] std::uint8_t& state(Address a) const {
    return *Address(states_biased_ + (a.value() >> block_shift_)).as<std::uint8_t>();
  }
  [[nodiscard]] std::uint8_t& state(Block block) const { return state(range_of(block).base); }
  [[nodiscard]] bool is_nursery(Address a) const {
    return contains(a) && (state(a) & block_state::kNursery) != 0;
  }
  /// Whether young collections decide about the object at `a`.
  [[nodiscard]] bool is_young(Address a) const {
    return is_nursery(a) && ((state(a) & block_state::kMixed) == 0 || !marks_.is_start(a));
  }
  /// Whether the object at `a` never moves, because of where it lies.
  [[nodiscard]] bool is_apart(Address a) const {
    return contains(a) &&
           ((state(a) & block_state::kLarge) != 0 || block_state::is_pinned_space(state(a)));
  }
  [[nodiscard]] bool is_large(Address a) const {
    return contains(a) && (state(a) & block_state::kLarge) != 0;
  }

  [[nodiscard]] const MarkTable& marks() const { return marks_; }
  /// The card of address a is at cards_biased() + (a >> kLineShift); 1 is dirty.
  [[nodiscard]] std::uintptr_t cards_biased() const { return cards_biased_; }
  [[nodiscard]] std::uint8_t& card(Address a) const {
    return *Address(cards_biased_ + (a.value() >> kLineShift)).as<std::uint8_t>();
  }
  /// REQUIRES whole lines.
  void clear_cards(AddressRange range) const;
  /// Every card that overlaps the range. Safe beside barriers.
  void dirty_cards(AddressRange range) const;
  /// One bit for each granule, set while a collection runs where an object starts that may not move
  /// in it; in a full one, wherever such an object lies. Clear between pauses; touched only where
  /// pins are.
  [[nodiscard]] std::uint64_t& immovable(Address a) const {
    return *Address(immovable_biased_ + (a.value() >> kLineShift) * sizeof(std::uint64_t))
                .as<std::uint64_t>();
  }
  [[nodiscard]] bool is_immovable(Address a) const { return (immovable(a) & granule_bit(a)) != 0; }
  void set_immovable(Address a) const { immovable(a) |= granule_bit(a); }
  void clear_immovable(Address a) const { immovable(a) &= ~granule_bit(a); }
  /// REQUIRES whole lines.
  void clear_immovable(AddressRange range) const;
  /// One bit for each granule: clear where no object starts that is pinned. Set with an object's
  /// first pin; unpins leave it, and a full collection clears it. Touched only where pins are.
  [[nodiscard]] std::uint64_t& pin_bits(Address a) const {
    return *Address(pin_bits_biased_ + (a.value() >> kLineShift) * sizeof(std::uint64_t))
                .as<std::uint64_t>();
  }
  [[nodiscard]] bool may_be_pinned(Address a) const {
    return pin_lines_.has(a) && (pin_bits(a) & granule_bit(a)) != 0;
  }
  /// From any thread.
  void set_may_be_pinned(Address a) const {
    const std::atomic_ref word(pin_bits(a));
    if ((word.load(std::memory_order_relaxed) & granule_bit(a)) == 0) {
      word.fetch_or(granule_bit(a), std::memory_order_relaxed);
      pin_lines_.add_shared(a);
    }
  }
  /// A last pin in the line has ended: until the next full collection looks, its bits may say too
  /// much. From any thread, also during collections.
  void set_pin_ended(Address a) const {
    const std::atomic_ref line(pin_ended(a));
    if (line.load(std::memory_order_relaxed) == 0) {
      line.store(1, std::memory_order_release);
    }
  }
  [[nodiscard]] bool has_pin_ended(Address a) const {
    return std::atomic_ref(pin_ended(a)).load(std::memory_order_relaxed) != 0;
  }
  /// The same of any line of the block.
  [[nodiscard]] bool has_pin_ended(Block block) const;
  /// Of a line, and it is forgotten.
  [[nodiscard]] bool take_pin_ended(Address a) const {
    return has_pin_ended(a) &&
           std::atomic_ref(pin_ended(a)).exchange(0, std::memory_order_acquire) != 0;
  }
  /// The lines of which any pin bit is set. Who clears the last one of a line removes it.
  [[nodiscard]] const LineSet& pin_lines() const { return pin_lines_; }
  /// Clears the pin bits of a block.
  void forget_pins(Block block);
  /// One 32-bit word for each line of the blocks, for the compactor: offsets of what moves.
  [[nodiscard]] std::uint32_t& line_offset(Address a) const {
    return *Address(offsets_biased_ + (a.value() >> kLineShift) * sizeof(std::uint32_t))
                .as<std::uint32_t>();
  }

  /// Whether an object with reference slots may lie in the block: if not, its cards need no look,
  /// nor do headers in marking. Large objects always may.
  [[nodiscard]] bool may_refer(Block block) const { return may_refer_[index_of(block)] != 0; }
  void set_may_refer(Address a) { may_refer_[index_of(block_of(a))] = 1; }

  /// The lowest free block, its marks and cards clear; nothing where the budget or the blocks are
  /// out.
  [[nodiscard]] std::optional<Block> take_block(std::uint8_t owner);
  void release_block(Block block);
  /// Lets a free block take part again as if taken: for a compaction that fills it.
  void claim_block(Block block, std::uint8_t owner);
  /// Within the budget, the headroom of full collections left out.
  [[nodiscard]] std::uint32_t free_blocks() const;
  /// The same with the headroom.
  [[nodiscard]] std::uint32_t free_blocks_for_compaction() const;
  /// Bytes of the budget that only claim_block() may use from now on.
  void set_headroom(std::uint64_t bytes) { headroom_ = bytes; }
  [[nodiscard]] std::uint32_t used_blocks() const { return used_blocks_; }
  /// Of these: of the pinned space.
  [[nodiscard]] std::uint32_t pinned_blocks() const { return pinned_blocks_; }

  /// Zeroed, its start bit set; nothing where the budget or the address space is out.
  [[nodiscard]] std::optional<ObjectRef> allocate_large(Shape shape);
  void release_large(ObjectRef object);
  [[nodiscard]] const LargeSpace& large() const { return large_; }

  /// Memory of one block is about to be written. It holds whatever was there.
  void prepare(AddressRange range);
  [[nodiscard]] OpenCursors& open_cursors() { return open_cursors_; }

  /// The block will be filled from its base: asks for the pages that it has not had yet.
  void expect_writes(Block block) const;

  /// Makes free memory of a used block walkable, and poisons it.
  void format_gap(AddressRange gap);

  /// Bytes in used blocks and large objects.
  [[nodiscard]] std::uint64_t used_bytes() const {
    return used_blocks_ * block_bytes_ + large_.bytes();
  }
  /// Bytes that the system has given and not got back, side tables apart.
  [[nodiscard]] std::uint64_t committed_bytes() const { return committed_ + large_.bytes(); }
  /// The same of one block.
  [[nodiscard]] std::uint64_t committed_bytes(Block block) const {
    return (high_water_[index_of(block)] + kPageBytes - 1) & ~(kPageBytes - 1);
  }
  /// Gives back free blocks that stayed free since the last call.
  void give_back_unused();

  /// The object that covers `a`, by start bits or by walking; null where there is none. For
  /// interior pins. REQUIRES an address that no dead object covers: the dead are not told apart.
  [[nodiscard]] ObjectRef object_containing(Address a) const;

 private:
  void set_high_water(Block block, std::size_t bytes);
  [[nodiscard]] std::uint8_t& pin_ended(Address a) const {
    return *Address(pin_ended_biased_ + (a.value() >> kLineShift)).as<std::uint8_t>();
  }

  std::uint64_t max_bytes_;
  std::uint64_t headroom_ = 0;
  std::size_t block_bytes_;
  unsigned block_shift_;
  std::uint32_t block_count_;
  std::size_t large_span_;
  Reservation memory_;
  Reservation tables_;
  AddressRange range_;
  std::uintptr_t states_biased_;
  std::uintptr_t cards_biased_;
  std::uintptr_t offsets_biased_;
  std::uintptr_t immovable_biased_;
  std::uintptr_t pin_bits_biased_;
  std::uintptr_t pin_ended_biased_;
  LineSet pin_lines_;
  MarkTable marks_;
  LargeSpace large_;
  OpenCursors open_cursors_;
  std::vector<std::uint64_t> free_bits_;
  std::vector<std::uint64_t> high_water_;
  std::vector<std::uint8_t> may_refer_;
  std::vector<bool> touched_;  ///< taken since the last give_back_unused()
  std::uint32_t lowest_free_word_ = 0;
  std::uint32_t used_blocks_ = 0;
  std::uint32_t pinned_blocks_ = 0;
  std::uint64_t committed_ = 0;
};

}  // namespace pinlab::heap
