#include "collector/heap_map.hpp"

#include "pinning/spread.hpp"
#include "collector/walk.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <mutex>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::ObjectRef;
using pinning::PinSet;
namespace state = heap::block_state;

namespace {

constexpr std::size_t kKinds = kCellKindNames.size();

/// The oldest pin of each pinned object in a block, ascending by address.
std::vector<PinSet::Entry> pins_of(const MapSource& source) {
  std::vector<PinSet::Entry> pins;
  source.pins.for_each_set([&](PinSet& set) {
    const std::lock_guard lock(set.lock());
    for (const PinSet::Entry& entry : set.entries()) {
      const Address object = entry.object.address();
      if (source.heap.contains(object) && !source.heap.is_large(object)) {
        pins.push_back(entry);
      }
    }
  });
  std::ranges::sort(pins, [](const PinSet::Entry& a, const PinSet::Entry& b) {
    return a.object != b.object ? a.object.address() < b.object.address()
           : a.since != b.since ? a.since < b.since
                                : a.site < b.site;
  });
  // Not std::ranges::unique: clang 14 cannot compile what it gives.
  pins.erase(std::unique(pins.begin(), pins.end(),
                         [](const PinSet::Entry& a, const PinSet::Entry& b) {
                           return a.object == b.object;
                         }),
             pins.end());
  return pins;
}

struct Stretch {
  AddressRange range;
  CellKind kind;
};

class Mapper {
 public:
  Mapper(const MapSource& source, const PauseReport& report)
      : source_(source),
        heap_(source.heap),
        full_(report.kind == PauseKind::full),
        spread_(heap::find_named(pinning::spreads(), source.options.pin_spread)->make()),
        units_{source.options.spread_line, source.options.spread_page},
        pins_(pins_of(source)),
        pin_(pins_.begin()),
        moved_(source.moved.begin()) {
    map_.collection = report.index;
    map_.kind = report.kind;
    map_.clock = report.clock;
    map_.cell_bytes = cell_bytes_of(heap_);
    if (report.hostage_measured) {
      map_.hostage = hostage_by_cell(report.hostage_blocks);
    }
    cells_.resize((heap_.blocks_range().bytes() + map_.cell_bytes - 1) / map_.cell_bytes);
  }

  HeapMap run() {
    // What large objects use of the budget, no block can use: the highest free blocks stand for it.
    std::uint64_t room = heap_.max_bytes() - heap_.used_bytes();
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const Block block{i};
      if (heap_.state(block) == state::kFree) {
        add_free_block(block, room);
      } else {
        add_used_block(block);
      }
    }
    finish();
    return std::move(map_);
  }

 private:
  using Cell = std::array<std::uint64_t, kKinds>;

  [[nodiscard]] std::size_t cell_of(Address a) const {
    return (a - heap_.base()) / map_.cell_bytes;
  }

  [[nodiscard]] std::vector<CellHostage> hostage_by_cell(
      const std::vector<BlockHostage>& blocks) const {
    std::vector<CellHostage> cells;
    for (const BlockHostage& one : blocks) {
      const auto cell = static_cast<std::uint32_t>(cell_of(heap_.range_of(Block{one.block}).base));
      if (cells.empty() || cells.back().cell != cell) {
        cells.push_back({cell, 0});
      }
      cells.back().bytes += one.bytes;
    }
    // A cell of several blocks may win one and lose one.
    std::erase_if(cells, [](const CellHostage& cell) { return cell.bytes == 0; });
    return cells;
  }

  void add(AddressRange range, CellKind kind) {
    map_.bytes[static_cast<std::size_t>(kind)] += range.bytes();
    while (!range.empty()) {
      const std::size_t cell = cell_of(range.base);
      const Address end = std::min(range.limit, heap_.base() + (cell + 1) * map_.cell_bytes);
      cells_[cell][static_cast<std::size_t>(kind)] += end - range.base;
      range.base = end;
    }
  }

  void add_free_block(Block block, std::uint64_t& room) {
    const AddressRange range = heap_.range_of(block);
    const std::uint64_t own = std::min<std::uint64_t>(room, range.bytes());
    const std::uint64_t committed = std::min(heap_.committed_bytes(block), own);
    room -= own;
    add({range.base, range.base + committed}, CellKind::free);
    add({range.base + committed, range.base + own}, CellKind::uncommitted);
    add({range.base + own, range.limit}, CellKind::large);
  }

  void add_used_block(Block block) {
    const AddressRange range = heap_.range_of(block);
    find_reaches(range);
    stretches_.clear();
    bool movable = false;
    Address end = range.base;
    // After a full collection the nursery holds survivors only: those of a semispace.
    const bool young = (heap_.state(block) & state::kNursery) != 0 && !full_;
    const CellKind rest = young ? CellKind::nursery : CellKind::free;
    for_each_object(heap_, block, [&](ObjectRef object) {
      const AddressRange bytes = object.range();
      extend({end, bytes.base}, rest);
      const bool moved = has_moved(bytes.base);  // perhaps to within reach of a pinned object
      const bool stays = !moved && is_immovable(object);
      movable = movable || !stays;
      if (!stays) {
        ++map_.movable.objects;
        map_.movable.bytes += bytes.bytes();
        map_.movable.squares += bytes.bytes() * bytes.bytes();
      }
      extend(bytes, stays   ? CellKind::island
                    : young ? CellKind::nursery
                    : moved ? CellKind::live_moved
                            : CellKind::live_stayed);
      end = bytes.limit;
    });
    extend({end, range.limit}, rest);
    add_stretches(!movable && !young);
  }

  /// Adds the block's stretches; where nothing but islands keeps the block, its free bytes are
  /// held.
  void add_stretches(bool islands_only) {
    const bool held = islands_only && std::ranges::any_of(stretches_, [](const Stretch& stretch) {
                        return stretch.kind == CellKind::island;
                      });
    for (const Stretch& stretch : stretches_) {
      map_.islands += stretch.kind == CellKind::island ? 1U : 0U;
      add(stretch.range, held && stretch.kind == CellKind::free ? CellKind::held : stretch.kind);
    }
  }

  void extend(AddressRange range, CellKind kind) {
    if (range.empty()) {
      return;
    }
    if (!stretches_.empty() && stretches_.back().kind == kind) {
      stretches_.back().range.limit = range.limit;
    } else {
      stretches_.push_back({range, kind});
    }
  }

  /// How far the immobility of the block's pinned objects spreads, ascending.
  void find_reaches(AddressRange block) {
    reaches_.clear();
    while (pin_ != pins_.end() && pin_->object.address() < block.base) {
      ++pin_;
    }
    for (auto pin = pin_; pin != pins_.end() && pin->object.address() < block.limit; ++pin) {
      reaches_.push_back(spread_->reach(pin->object.range(), block, units_));
    }
    reach_ = reaches_.begin();
  }

  bool is_immovable(ObjectRef object) {
    const AddressRange range = object.range();
    while (reach_ != reaches_.end() && reach_->limit <= range.base) {
      ++reach_;
    }
    if (reach_ == reaches_.end() || reach_->base >= range.limit) {
      return false;
    }
    while (pin_ != pins_.end() && pin_->object.address() < range.base) {
      ++pin_;
    }
    const bool pinned = pin_ != pins_.end() && pin_->object == object;
    if (!pinned && spread_->company() == pinning::Company::primitive_arrays &&
        object.references() > 0) {
      return false;
    }
    count_island(range, pinned ? &*pin_ : nullptr);
    return true;
  }

  void count_island(AddressRange object, const PinSet::Entry* pin) {
    const auto cell = static_cast<std::uint32_t>(cell_of(object.base));
    const auto site = pin == nullptr ? std::optional<pinning::SiteId>() : pin->site;
    std::vector<CellIslands>& all = map_.islands_by_cell;
    auto same = all.end();
    for (auto i = all.end(); i != all.begin() && std::prev(i)->cell == cell; --i) {
      if (std::prev(i)->site == site) {
        same = std::prev(i);
        break;
      }
    }
    if (same == all.end()) {
      const std::uint64_t since = pin == nullptr ? 0 : pin->since;
      all.push_back({.cell = cell, .site = site, .oldest = since, .newest = since});
      same = std::prev(all.end());
    }
    ++same->objects;
    same->bytes += object.bytes();
    if (pin != nullptr) {
      same->oldest = std::min(same->oldest, pin->since);
      same->newest = std::max(same->newest, pin->since);
    }
  }

  bool has_moved(Address object) {
    while (moved_ != source_.moved.end() && moved_->limit <= object) {
      ++moved_;
    }
    return moved_ != source_.moved.end() && moved_->base <= object;
  }

  void finish() {
    std::ranges::sort(map_.islands_by_cell, [](const CellIslands& a, const CellIslands& b) {
      return a.cell != b.cell ? a.cell < b.cell : a.site < b.site;
    });
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const Cell& cell = cells_[i];
      const auto most = std::ranges::max_element(cell) - cell.begin();
      map_.cells += kCellLetters[static_cast<std::size_t>(most)];
      const auto bytes = [&](CellKind kind) { return cell[static_cast<std::size_t>(kind)]; };
      const std::uint64_t objects = bytes(CellKind::island) + bytes(CellKind::live_moved) +
                                    bytes(CellKind::live_stayed) + bytes(CellKind::nursery) +
                                    bytes(CellKind::large);
      map_.occupied += static_cast<char>('0' + 9 * objects / map_.cell_bytes);
      if (bytes(CellKind::held) > 0) {
        map_.held.push_back({static_cast<std::uint32_t>(i), bytes(CellKind::held)});
      }
    }
  }

  const MapSource& source_;
  const heap::Heap& heap_;
  bool full_;
  std::unique_ptr<pinning::Spread> spread_;
  pinning::SpreadUnits units_;
  std::vector<PinSet::Entry> pins_;
  std::vector<PinSet::Entry>::const_iterator pin_;
  std::span<const AddressRange>::iterator moved_;
  std::vector<AddressRange> reaches_;
  std::vector<AddressRange>::const_iterator reach_;
  std::vector<Stretch> stretches_;
  std::vector<Cell> cells_;
  HeapMap map_;
};

}  // namespace

std::uint64_t cell_bytes_of(const heap::Heap& heap) {
  const std::uint64_t share = (heap.blocks_range().bytes() + kMostCells - 1) / kMostCells;
  return std::max<std::uint64_t>(std::bit_ceil(share), heap::kPageBytes);
}

HeapMap map_heap(const MapSource& source, const PauseReport& report) {
  return Mapper(source, report).run();
}

}  // namespace pinlab::collector
