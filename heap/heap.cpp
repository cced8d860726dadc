#include "heap/heap.hpp"

#include "heap/poison.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>

namespace pinlab::heap {

namespace {

constexpr std::uint64_t kLeastBlock = std::uint64_t{16} << 10U;
constexpr std::uint64_t kMostBlock = std::uint64_t{1} << 30U;
constexpr std::uint64_t kMostHeap = std::uint64_t{16}
                                    << 30U;  // 31-bit granule offsets in the line table
constexpr std::size_t kLargeSpanFactor =
    4;  // so that the address space of large objects is never what is short

std::uint64_t checked_block(const HeapConfig& config) {
  if (!std::has_single_bit(config.block_bytes) || config.block_bytes < kLeastBlock ||
      config.block_bytes > kMostBlock) {
    throw HeapConfigError("heap.block is " + std::to_string(config.block_bytes) +
                          " bytes: it must be a power of two from 16KiB to 1GiB");
  }
  if (config.max_bytes < config.block_bytes) {
    throw HeapConfigError("heap.max (" + std::to_string(config.max_bytes) +
                          " bytes) is smaller than one block (" +
                          std::to_string(config.block_bytes) + " bytes)");
  }
  if (config.max_bytes > kMostHeap) {
    throw HeapConfigError("heap.max is " + std::to_string(config.max_bytes) +
                          " bytes: the most is 16GiB");
  }
  return config.block_bytes;
}

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) & ~(unit - 1);
}

std::size_t table_bytes(std::size_t heap_bytes, std::size_t block_bytes) {
  const std::size_t lines = heap_bytes >> kLineShift;
  return round_up(
      lines * (sizeof(LineMarks) + 2 * sizeof(std::uint64_t) + sizeof(std::uint32_t) + 2) +
          LineSet::words_for(heap_bytes) * sizeof(std::uint64_t) + heap_bytes / block_bytes +
          4 * kPageBytes,
      kPageBytes);
}

}  // namespace

Heap::Heap(const HeapConfig& config)
    : max_bytes_(config.max_bytes / checked_block(config) * config.block_bytes),
      block_bytes_(config.block_bytes),
      block_shift_(static_cast<unsigned>(std::countr_zero(config.block_bytes))),
      block_count_(static_cast<std::uint32_t>(max_bytes_ / block_bytes_)),
      large_span_(round_up(kLargeSpanFactor * max_bytes_, block_bytes_)),
      memory_(max_bytes_ + large_span_, block_bytes_),
      tables_(table_bytes(max_bytes_ + large_span_, block_bytes_), Reservation::kHugePageBytes),
      range_(memory_.range()),
      large_({range_.base + max_bytes_, range_.limit}),
      free_bits_((std::size_t{block_count_} + 63) / 64, 0),
      high_water_(block_count_, 0),
      may_refer_(range_.bytes() >> block_shift_, 0),
      touched_(block_count_, false) {
  Address table = tables_.range().base;
  // The part for lines of blocks is what collections pass over again and again.
  const auto take_lines = [&](std::size_t bytes_a_line) {
    const Address taken = table;
    tables_.prefer_huge_pages({taken, taken + (max_bytes_ >> kLineShift) * bytes_a_line});
    table += (range_.bytes() >> kLineShift) * bytes_a_line;
    return taken;
  };
  const auto biased = [&](std::size_t bytes_a_line) {
    return take_lines(bytes_a_line).value() - (range_.base.value() >> kLineShift) * bytes_a_line;
  };
  marks_ = MarkTable(take_lines(sizeof(LineMarks)), range_.base);
  immovable_biased_ = biased(sizeof(std::uint64_t));
  pin_bits_biased_ = biased(sizeof(std::uint64_t));
  pin_lines_ = LineSet(table.as<std::uint64_t>(), range_.base);
  table += LineSet::words_for(range_.bytes()) * sizeof(std::uint64_t);
  offsets_biased_ = biased(sizeof(std::uint32_t));
  cards_biased_ = biased(sizeof(std::uint8_t));
  pin_ended_biased_ = biased(sizeof(std::uint8_t));
  states_biased_ = table.value() - (range_.base.value() >> block_shift_);
  for (std::uint32_t i = 0; i < block_count_; ++i) {
    free_bits_[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  for (Address a = range_.base + max_bytes_; a < range_.limit; a += block_bytes_) {
    state(a) = block_state::kLarge;
    set_may_refer(a);
  }
}

void Heap::clear_cards(AddressRange range) const {
  std::memset(&card(range.base), 0, range.bytes() >> kLineShift);
}

void Heap::dirty_cards(AddressRange range) const {
  for (Address line = range.base.align_down(kLineBytes); line < range.limit; line += kLineBytes) {
    // A mutator may dirty the first one or the last one at the same time.
    std::atomic_ref(card(line)).store(1, std::memory_order_relaxed);
  }
}

void Heap::clear_immovable(AddressRange range) const {
  std::memset(&immovable(range.base), 0, (range.bytes() >> kLineShift) * sizeof(std::uint64_t));
}

std::uint32_t Heap::free_blocks() const {
  const std::uint64_t taken = std::min(used_bytes() + headroom_, max_bytes_);
  return static_cast<std::uint32_t>((max_bytes_ - taken) >> block_shift_);
}

std::uint32_t Heap::free_blocks_for_compaction() const {
  return static_cast<std::uint32_t>((max_bytes_ - used_bytes()) >> block_shift_);
}

std::optional<Block> Heap::take_block(std::uint8_t owner) {
  if (free_blocks() == 0) {
    return std::nullopt;
  }
  while (free_bits_[lowest_free_word_] == 0) {
    ++lowest_free_word_;
  }
  const auto bit = static_cast<std::uint32_t>(std::countr_zero(free_bits_[lowest_free_word_]));
  const Block block{lowest_free_word_ * 64 + bit};
  claim_block(block, owner);
  return block;
}

void Heap::claim_block(Block block, std::uint8_t owner) {
  INVARIANT(state(block) == block_state::kFree);
  const std::uint32_t index = index_of(block);
  free_bits_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
  ++used_blocks_;
  touched_[index] = true;
  may_refer_[index] = 0;
  const AddressRange range = range_of(block);
  state(block) = owner;
  pinned_blocks_ += block_state::is_pinned_space(owner) ? 1U : 0U;
  std::memset(&marks_.line(range.base), 0, (range.bytes() >> kLineShift) * sizeof(LineMarks));
  clear_cards(range);
  forget_pins(block);
}

bool Heap::has_pin_ended(Block block) const {
  // Eight lines at a time: blocks are many lines, and few of them have any.
  const AddressRange range = range_of(block);
  std::uint64_t any = 0;
  for (Address line = range.base; line < range.limit; line += 8 * kLineBytes) {
    any |= std::atomic_ref(*Address::of(&pin_ended(line)).as<std::uint64_t>())
               .load(std::memory_order_relaxed);
  }
  return any != 0;
}

void Heap::forget_pins(Block block) {
  const AddressRange range = range_of(block);
  pin_lines_.for_each(range, [this](Address line) { pin_bits(line) = 0; });
  pin_lines_.remove(range);
}

void Heap::release_block(Block block) {
  INVARIANT(state(block) != block_state::kFree);
  const std::uint32_t index = index_of(block);
  pinned_blocks_ -= block_state::is_pinned_space(state(block)) ? 1U : 0U;
  state(block) = block_state::kFree;
  free_bits_[index / 64] |= std::uint64_t{1} << (index % 64);
  lowest_free_word_ = std::min(lowest_free_word_, index / 64);
  --used_blocks_;
  poison(range_of(block));
}

std::optional<ObjectRef> Heap::allocate_large(Shape shape) {
  const std::size_t bytes = shape.object_bytes();
  if (bytes > kMaxObjectBytes ||
      used_bytes() + LargeSpace::footprint(bytes) + headroom_ > max_bytes_) {
    return std::nullopt;
  }
  const std::optional<ObjectRef> object = large_.allocate(shape);
  if (object) {
    marks_.line(object->address()) = {0, 1};
  }
  return object;
}

void Heap::release_large(ObjectRef object) {
  const Address base = object.address();
  marks_.line(base) = {0, 0};
  clear_cards({base, base + LargeSpace::footprint(object.bytes())});
  large_.release(object);
}

void Heap::set_high_water(Block block, std::size_t bytes) {
  std::uint64_t& mark = high_water_[index_of(block)];
  committed_ += round_up(bytes, kPageBytes);
  committed_ -= round_up(mark, kPageBytes);
  mark = bytes;
}

void Heap::prepare(AddressRange range) {
  unpoison(range);
  const Block block = block_of(range.base);
  const Address block_base = range_of(block).base;
  INVARIANT(range.limit <= block_base + block_bytes_);
  if (range.limit - block_base > high_water_[index_of(block)]) {
    set_high_water(block, range.limit - block_base);
  }
}

void Heap::expect_writes(Block block) const {
  constexpr std::size_t kMostBytes = std::size_t{256}
                                     << 10U;  // of a large block: not more than soon
  const AddressRange range = range_of(block);
  const std::size_t mark = high_water_[index_of(block)];
  if (mark < std::min(range.bytes(), kMostBytes)) {
    Reservation::populate({range.base + mark, range.base + std::min(range.bytes(), kMostBytes)});
  }
}

void Heap::format_gap(AddressRange gap) {
  if (gap.empty()) {
    return;
  }
  prepare({gap.base, gap.base + kGranuleBytes});
  write_filler(gap);
  poison({gap.base + kGranuleBytes, gap.limit});
}

void Heap::give_back_unused() {
  for (std::uint32_t i = 0; i < block_count_; ++i) {
    const Block block{i};
    if (state(block) == block_state::kFree && high_water_[i] > 0 && !touched_[i]) {
      const Address base = range_of(block).base;
      Reservation::decommit({base, base + round_up(high_water_[i], kPageBytes)});
      set_high_water(block, 0);
    }
    touched_[i] = state(block) != block_state::kFree;
  }
}

ObjectRef Heap::object_containing(Address a) const {
  if (!contains(a)) {
    return {};
  }
  const std::uint8_t owner = state(a) & block_state::kOwnerMask;
  if (owner == block_state::kLarge) {
    const ObjectRef object = large_.object_containing(a);
    return object && object.range().contains(a) ? object : ObjectRef();
  }
  if (owner == block_state::kFree) {
    return {};
  }
  // Start bits where there are some; from there on headers, since what was allocated since the last
  // pause has none yet.
  const AddressRange block = range_of(block_of(a));
  Address walk = owner == block_state::kOld ? marks_.start_at_or_before(a, block.base) : Address();
  walk = walk ? walk : block.base;
  const auto hold = open_cursors_.lock();
  for (walk = open_cursors_.onward(walk, a); walk && walk <= a;) {
    const ObjectRef object(walk);
    EXPECTS(object.bytes() > 0);
    if (object.range().contains(a)) {
      return object.header().has(Header::kFiller) ? ObjectRef() : object;
    }
    walk = open_cursors_.onward(object.range().limit, a);
  }
  return {};
}

}  // namespace pinlab::heap
