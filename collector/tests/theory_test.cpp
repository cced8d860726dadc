// The bounds and laws of results/README.md (theory.md, 1.3 and 1.5), on real heaps and in exact
// integers.
#include "collector/tests/pinned_table.hpp"

#include <doctest/doctest.h>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::AddressRange;
using heap::ObjectRef;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

heap::Shape random_shape(heap::Random& random, std::uint64_t most_payload) {
  return {static_cast<std::uint32_t>(random.below(3)), random.below(most_payload)};
}

/// New objects in rows at random, some of them pinned; rows that are emptied; pins that end.
void churn(PinnedTable& table, unsigned steps, unsigned pin_percent, std::uint64_t most_payload) {
  heap::Random& random = table.random();
  for (unsigned step = 0; step < steps; ++step) {
    const std::size_t row = table.any_row();
    const std::uint64_t dice = random.below(10);
    if (dice < 6) {
      table.make(row, random_shape(random, most_payload));
      if (random.below(100) < pin_percent) {
        table.pin(row);
      }
    } else if (dice < 9) {
      table.drop(row);
    } else {
      table.unpin(row);
    }
  }
}

/// How full a gap is.
struct Fill {
  AddressRange gap;
  std::uint64_t bytes = 0;  ///< of movable objects in it
  Address end;              ///< of the highest of them
};

struct Layout {
  std::vector<Fill> gaps;  ///< up to the last that holds anything
  std::uint64_t largest_movable = 0;
};

Layout layout_of(const Snapshot& snapshot) {
  Layout layout;
  for (const AddressRange& gap : gaps_of(snapshot)) {
    layout.gaps.push_back({gap, 0, gap.base});
  }
  for (const SnapshotBlock& block : snapshot) {
    for (const SnapshotObject& object : block.objects) {
      if (!object.immovable) {
        for (Fill& fill : layout.gaps) {
          if (fill.gap.contains(object.address)) {
            fill.bytes += object.bytes;
            fill.end = object.limit();
          }
        }
        layout.largest_movable = std::max<std::uint64_t>(layout.largest_movable, object.bytes);
      }
    }
  }
  while (!layout.gaps.empty() && layout.gaps.back().bytes == 0) {
    layout.gaps.pop_back();
  }
  return layout;
}

TEST_CASE("M4: in one block without pins a full collection leaves no byte between objects") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    PinnedTable table(born_old(4 * kMiB, 4 * kMiB), 1500, seed);
    for (unsigned round = 0; round < 3; ++round) {
      churn(table, 2500, 0, seed % 2 == 0 ? 60 : 1500);
      const Census after = table.collect().after;
      CHECK(after.top == table.live_bytes());
      CHECK(after.live == table.live_bytes());
      CHECK(table.top() == table.live_bytes());
      CHECK(table.runtime().census(table.mutator()).free_runs == 1);
    }
  }
}

TEST_CASE("I0 and I1: a gap that was closed lacks less than the largest object, and nothing else") {
  for (const std::uint64_t heap_block : {16 * kKiB, 64 * kKiB, 4 * kMiB}) {
    for (const unsigned pin_percent : {2U, 10U, 50U}) {
      CAPTURE(heap_block);
      CAPTURE(pin_percent);
      PinnedTable table(born_old(4 * kMiB, heap_block), 1500, heap_block + pin_percent);
      churn(table, 6000, pin_percent, 1200);
      const Census after = table.collect().after;
      CHECK(after.top == table.top());  // by live bits, and by walking
      const Layout layout = layout_of(table.snapshot());
      for (std::size_t i = 0; i < layout.gaps.size(); ++i) {
        const Fill& fill = layout.gaps[i];
        REQUIRE(fill.end - fill.gap.base == fill.bytes);  // packed from its base
        if (i + 1 < layout.gaps.size()) {
          REQUIRE(fill.gap.limit - fill.end <= layout.largest_movable - heap::kGranuleBytes);
        }
      }
      // T = P(T) + L + the rests of the gaps below.
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < layout.gaps.size(); ++i) {
        sum += layout.gaps[i].bytes;
        sum += i + 1 < layout.gaps.size() ? layout.gaps[i].gap.limit - layout.gaps[i].end : 0;
      }
      const Address top = layout.gaps.back().end;
      for (const SnapshotBlock& block : table.snapshot()) {
        for (const SnapshotObject& object : block.objects) {
          sum += object.immovable && object.address < top ? object.bytes : 0;
        }
      }
      CHECK(top - table.runtime().heap().base() == sum);
    }
  }
}

/// At most `pins` pins at any time, a full collection before each allocation.
void check_pin_count(std::uint64_t pins, std::uint64_t largest, std::uint64_t seed) {
  PinnedTable table(born_old(256 * kKiB, 256 * kKiB), 60 + seed % 3 * 40, seed);
  heap::Random& random = table.random();
  std::uint64_t most_live = 0;
  for (unsigned step = 0; step < 250; ++step) {
    for (unsigned change = 0; change < 4; ++change) {
      const std::size_t row = table.any_row();
      const std::uint64_t dice = random.below(10);
      if (dice < 5) {
        table.drop(row);
      } else if (dice < 7) {
        table.unpin(row);
      } else if (table.pinned_rows() < pins) {
        table.pin(row);
      }
    }
    std::size_t row = 0;
    while (row + 1 < table.rows() && table.object(row)) {
      ++row;
    }
    table.drop(row);  // before the collection: what dies after it would still be in the way
    table.collect();
    // Both ends of the range matter: the smallest object, and the largest.
    const std::uint64_t most = random.below(3) == 0 ? largest : 4 * heap::kGranuleBytes;
    const std::uint64_t granules = 1 + random.below(most / heap::kGranuleBytes);
    const std::uint64_t bytes = random.below(4) == 0 ? most : granules * heap::kGranuleBytes;
    table.make(row, {0, bytes - heap::kGranuleBytes});
    most_live = std::max(most_live, table.live_bytes());
    REQUIRE(table.top() <= most_live + pins * (largest - heap::kGranuleBytes));
  }
}

TEST_CASE("with m pins no program gets the top above M + m (s_max - 8)") {
  for (const std::uint64_t pins : {0U, 1U, 4U, 16U}) {
    for (const std::uint64_t largest : {64U, 1024U}) {
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CAPTURE(pins);
        CAPTURE(largest);
        CAPTURE(seed);
        check_pin_count(pins, largest, seed);
      }
    }
  }
}

TEST_CASE("an adversary makes each of m pins cost one largest object less a granule, exactly") {
  constexpr std::uint64_t kPins = 10;
  constexpr std::uint64_t kGranulesOfLargest = 8;
  constexpr std::uint64_t kLive = 810;  // granules: M
  constexpr std::uint64_t kLargest = kGranulesOfLargest * heap::kGranuleBytes;
  PinnedTable table(born_old(256 * kKiB, 256 * kKiB), kLive, 1);
  for (std::size_t row = 0; row < kLive; ++row) {
    table.make(row, {});
  }
  // Pins at the end of each stretch of s_max: what is left between two is too short by a granule.
  for (std::size_t row = 0; row < kLive; ++row) {
    if (row % kGranulesOfLargest == kGranulesOfLargest - 1 && row / kGranulesOfLargest < kPins) {
      table.pin(row);
    } else {
      table.drop(row);
    }
  }
  constexpr std::uint64_t kLargeObjects = (kLive - kPins) / kGranulesOfLargest;
  static_assert(kLargeObjects * kGranulesOfLargest + kPins == kLive);
  for (std::size_t i = 0, row = 0; i < kLargeObjects; ++row) {
    if (!table.object(row)) {
      table.collect();
      table.make(row, {0, kLargest - heap::kGranuleBytes});
      ++i;
    }
  }
  CHECK(table.top() ==
        kLive * heap::kGranuleBytes + kPins * (kLargest - heap::kGranuleBytes));
  table.collect();
  CHECK(table.top() ==
        kLive * heap::kGranuleBytes + kPins * (kLargest - heap::kGranuleBytes));
}

TEST_CASE("M3: a second compaction moves nothing") {
  for (const std::uint64_t heap_block : {16 * kKiB, 256 * kKiB, 4 * kMiB}) {
    for (const unsigned pin_percent : {0U, 5U, 40U}) {
      CAPTURE(heap_block);
      CAPTURE(pin_percent);
      PinnedTable table(born_old(4 * kMiB, heap_block), 1500, 3 + pin_percent);
      churn(table, 6000, pin_percent, 900);
      CHECK(table.collect().moved_bytes > 0);
      const std::uint64_t digest = table.runtime().heap_digest(table.mutator());
      CHECK(table.collect().moved_bytes == 0);
      CHECK(table.runtime().heap_digest(table.mutator()) == digest);
    }
  }
}

TEST_CASE("M2: compact, unpin, compact again: the top does not rise") {
  for (const std::uint64_t heap_block : {16 * kKiB, 4 * kMiB}) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(heap_block);
      CAPTURE(seed);
      PinnedTable table(born_old(4 * kMiB, heap_block), 800, seed);
      churn(table, 4000, 30, seed % 2 == 0 ? 100 : 1500);
      table.collect();
      std::uint64_t top = table.top();
      while (table.pinned_rows() > 0) {
        const std::size_t before = table.pinned_rows();
        for (std::size_t row = 0; row < table.rows(); ++row) {
          if (table.random().below(4) == 0 || before < 8) {
            table.unpin(row);
          }
        }
        table.collect();
        REQUIRE(table.top() <= top);
        top = table.top();
      }
      if (heap_block == 4 * kMiB) {
        CHECK(top == table.live_bytes());
      }
    }
  }
}

/// The top that a program reaches whose `victim`, counted among its objects, is dropped or not.
std::uint64_t top_without(std::uint64_t heap_block, std::uint64_t seed, std::size_t victim) {
  PinnedTable table(born_old(2 * kMiB, heap_block), 300, seed);
  churn(table, 1500, 25, 1500);
  if (victim < table.rows()) {
    table.drop(victim);
  }
  table.collect();
  return table.top();
}

TEST_CASE("M1: with one survivor less, pinned or not, the top is not higher") {
  for (const std::uint64_t heap_block : {16 * kKiB, 2 * kMiB}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const std::uint64_t with_all = top_without(heap_block, seed, 300);
      for (std::size_t victim = 0; victim < 300; victim += 29) {
        CAPTURE(heap_block);
        CAPTURE(seed);
        CAPTURE(victim);
        CHECK(top_without(heap_block, seed, victim) <= with_all);
      }
    }
  }
}

TEST_CASE("M5: movable objects keep their order, and none goes up") {
  for (const std::uint64_t heap_block : {16 * kKiB, 64 * kKiB, 4 * kMiB}) {
    for (const unsigned pin_percent : {0U, 10U, 40U}) {
      CAPTURE(heap_block);
      CAPTURE(pin_percent);
      PinnedTable table(born_old(4 * kMiB, heap_block), 1500, 11 + pin_percent);
      churn(table, 6000, pin_percent, 900);
      std::map<Address, std::size_t> rows_by_address;
      for (std::size_t row = 0; row < table.rows(); ++row) {
        if (table.object(row) && !table.is_pinned(row)) {
          rows_by_address[table.object(row).address()] = row;
        }
      }
      table.collect();
      Address before;
      for (const auto& [was, row] : rows_by_address) {
        const Address now = table.object(row).address();
        REQUIRE(now <= was);
        REQUIRE(before < now);
        before = now;
      }
    }
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
