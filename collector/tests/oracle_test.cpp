#include "collector/tests/lisp2_oracle.hpp"
#include "collector/tests/pinned_table.hpp"
#include "collector/walk.hpp"

#include <doctest/doctest.h>

#include <string>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::AddressRange;
using heap::ObjectRef;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kSpreadLine = 256;
constexpr std::uint64_t kSpreadPage = 4096;

struct Setup {
  std::uint64_t heap_block = 0;
  unsigned pin_percent = 0;
  std::string spread = "object";
  std::string route = "slide_around";
  std::uint64_t seed = 1;
  std::uint32_t transitive = 0;
  bool ambiguous = false;  ///< words point into objects, and some objects are parents
  unsigned apart_percent = 0;  ///< of the objects, whether they are pinned or not
};

/// Mostly small, some of many lines, a few up to half a block, and large ones.
heap::Shape random_shape(heap::Random& random, std::uint64_t half_block) {
  const auto references = static_cast<std::uint32_t>(random.below(5));
  const std::uint64_t dice = random.below(1000);
  const std::uint64_t most = dice < 800   ? 160
                             : dice < 960 ? 2000
                             : dice < 998 ? half_block - 100
                                          : half_block + 3000;
  return {references, random.below(most)};
}

void churn(PinnedTable& table, const Setup& setup, unsigned steps) {
  heap::Random& random = table.random();
  const std::uint64_t half_block = table.runtime().heap().large_threshold();
  for (unsigned step = 0; step < steps; ++step) {
    const std::size_t row = table.any_row();
    const std::uint64_t dice = random.below(10);
    if (dice < 5) {
      const bool apart = setup.apart_percent > 0 && random.below(100) < setup.apart_percent;
      table.make(row, random_shape(random, half_block), apart ? Birth::apart : Birth::anywhere);
      if (random.below(100) < setup.pin_percent) {
        table.pin(row);
      }
    } else if (dice < 7) {
      table.link(row, table.any_row());
    } else if (dice < 9) {
      table.drop(row);
    } else {
      table.unpin(row);
    }
    if (setup.ambiguous && random.below(20) == 0) {
      switch (random.below(5)) {
        case 0:
          table.make_parent(table.any_row());
          break;
        case 1:
        case 2:
          table.end_word();
          break;
        default:
          table.point_into(table.any_row());
          break;
      }
    }
  }
}

/// The companions that the spread keeps with the pinned objects of a block, by the book.
void spread_pins(SnapshotBlock& block, const std::string& spread) {
  std::vector<AddressRange> reaches;
  for (const SnapshotObject& object : block.objects) {
    if (object.immovable) {
      const auto units = [&](std::size_t unit) {
        return AddressRange{object.address.align_down(unit), object.limit().align_up(unit)};
      };
      reaches.push_back(spread == "object"        ? units(heap::kGranuleBytes)
                        : spread == "line"        ? units(kSpreadLine)
                        : spread == "eighth_page" ? units(kSpreadPage / 8)
                        : spread == "page"        ? units(kSpreadPage)
                                                  : block.range);
    }
  }
  for (SnapshotObject& object : block.objects) {
    for (const AddressRange& reach : reaches) {
      const bool taken = spread != "class" || ObjectRef(object.address).references() == 0;
      object.immovable = object.immovable ||
                         (taken && object.address < reach.limit && reach.base < object.limit());
    }
  }
}

/// Where everything will be, large objects included: they stay.
SideTable predict(PinnedTable& table, const Setup& setup) {
  Snapshot plan = table.snapshot();
  SideTable where;
  for (const Address address : table.live()) {
    where[address] = address;
  }
  std::erase_if(plan, [&](const SnapshotBlock& block) {
    return heap::block_state::is_pinned_space(table.runtime().heap().state(block.range.base));
  });
  for (SnapshotBlock& block : plan) {
    spread_pins(block, setup.spread);
  }
  if (setup.route == "skip_block") {
    std::erase_if(plan, [](const SnapshotBlock& block) {
      return std::ranges::any_of(block.objects, &SnapshotObject::immovable);
    });
  }
  for (const auto& [from, to] : slide(plan)) {
    where[from] = to;
  }
  return where;
}

using Words = std::vector<std::uintptr_t>;

Words words_of(ObjectRef object) {
  const auto* first = object.address().as<std::uintptr_t>();
  return {first, first + object.bytes() / heap::kGranuleBytes};
}

/// Each object at its predicted address, word for word, its slots as predicted too.
std::map<Address, Words> expected_words(const SideTable& where) {
  std::map<Address, Words> expected;
  for (const auto& [from, to] : where) {
    const ObjectRef object(from);
    Words& words = expected[to] = words_of(object);
    for (std::size_t i = 1; i <= object.references(); ++i) {
      words[i] = words[i] == 0 ? 0 : where.at(Address(words[i])).value();
    }
  }
  return expected;
}

void collect_and_compare(PinnedTable& table, const Setup& setup) {
  const SideTable where = predict(table, setup);
  const std::map<Address, Words> expected = expected_words(where);
  REQUIRE(expected.size() == where.size());  // no two at one address
  std::vector<Address> rows;
  std::uint64_t moved = 0;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const Address address = table.object(row).address();
    rows.push_back(address ? where.at(address) : Address());
  }
  for (const auto& [from, to] : where) {
    moved += from == to ? 0 : expected.at(to).size() * heap::kGranuleBytes;
  }
  CHECK(table.collect().moved_bytes == moved);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    REQUIRE(table.object(row).address() == rows[row]);
  }
  std::size_t found = 0;
  for_each_object(table.runtime().heap(), [&](ObjectRef object) {
    const auto entry = expected.find(object.address());
    REQUIRE(entry != expected.end());
    REQUIRE(words_of(object) == entry->second);
    ++found;
  });
  REQUIRE(found == expected.size());
}

void run(const Setup& setup) {
  CAPTURE(setup.heap_block);
  CAPTURE(setup.pin_percent);
  CAPTURE(setup.spread);
  CAPTURE(setup.route);
  CAPTURE(setup.seed);
  Options options = born_old(std::max(32 * setup.heap_block, 4096 * kKiB), setup.heap_block);
  options.pin_spread = setup.spread;
  options.spread_line = kSpreadLine;
  options.spread_page = kSpreadPage;
  options.old_route = setup.route;
  options.pin_transitive = setup.transitive;
  options.gap_reuse = "first_fit";
  options.pin_placement =
      setup.apart_percent > 0 ? PinPlacement::pinned_space : PinPlacement::anywhere;
  PinnedTable table(options, 700, setup.seed);
  churn(table, setup, 1500);
  for (unsigned round = 0; round < 3; ++round) {
    collect_and_compare(table, setup);
    churn(table, setup, 500);
  }
}

TEST_CASE("every object goes where a slide around islands with a side table puts it") {
  for (const std::uint64_t heap_block : {16 * kKiB, 64 * kKiB, 1024 * kKiB}) {
    for (const unsigned pin_percent : {0U, 3U, 20U, 60U}) {
      for (const char* spread : {"object", "line", "eighth_page", "page", "block", "class"}) {
        run({heap_block, pin_percent, spread, "slide_around", heap_block + pin_percent});
      }
    }
  }
}

TEST_CASE("the oracle agrees on what words, parents and transitive pins keep in place") {
  for (const std::uint64_t heap_block : {16 * kKiB, 64 * kKiB}) {
    for (const std::uint32_t transitive : {0U, 1U, 3U, Options::kAnyDepth}) {
      for (const char* spread : {"object", "line", "class"}) {
        CAPTURE(transitive);
        run({heap_block, 2, spread, "slide_around", 3 + transitive % 7, transitive, true});
      }
    }
  }
}

TEST_CASE("what lies in no block with an island goes where the same slide without them puts it") {
  for (const std::uint64_t heap_block : {16 * kKiB, 64 * kKiB}) {
    for (const unsigned pin_percent : {0U, 1U, 5U}) {
      run({heap_block, pin_percent, "object", "skip_block", 7 + pin_percent});
    }
  }
}

TEST_CASE("what lies in the pinned space stays, and the slide goes by as if it were not there") {
  for (const std::uint64_t heap_block : {16 * kKiB, 64 * kKiB}) {
    for (const unsigned pin_percent : {0U, 10U}) {
      for (const char* route : {"slide_around", "skip_block"}) {
        for (const unsigned apart_percent : {3U, 40U}) {
          run({heap_block, pin_percent, "object", route, 3 + pin_percent, apart_percent});
        }
      }
    }
  }
}

TEST_CASE("the slide agrees with its oracle where most objects are one or two granules") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    const Setup setup{16 * kKiB, 30, "object", "slide_around", seed};
    PinnedTable table(born_old(512 * kKiB, setup.heap_block), 5000, seed);
    for (unsigned round = 0; round < 3; ++round) {
      for (std::size_t row = 0; row < table.rows(); ++row) {
        const std::uint64_t dice = table.random().below(100);
        if (dice < 40) {
          table.make(row, {static_cast<std::uint32_t>(dice % 2), table.random().below(24)});
          if (dice < 12) {
            table.pin(row);
          }
        } else if (dice < 60) {
          table.drop(row);
        } else if (dice < 70) {
          table.link(row, table.any_row());
        }
      }
      collect_and_compare(table, setup);
    }
  }
}

TEST_CASE("the oracle itself slides around islands as the example of theory.md says") {
  constexpr std::size_t kWord = heap::kGranuleBytes;
  const Address base(std::uintptr_t{1} << 20U);
  const auto object = [&](std::size_t at, std::size_t words, bool immovable) {
    return SnapshotObject{base + at * kWord, words * kWord, immovable};
  };
  const auto block = [&](std::vector<SnapshotObject> objects) {
    return Snapshot{{{base, base + 100 * kWord}, std::move(objects)}};
  };
  const SideTable pinned =
      slide(block({object(2, 7, true), object(9, 3, true), object(14, 2, false)}));
  CHECK(pinned.at(base + 14 * kWord) == base);
  const SideTable unpinned =
      slide(block({object(2, 7, true), object(9, 3, false), object(14, 2, false)}));
  CHECK(unpinned.at(base + 9 * kWord) == base + 9 * kWord);
  CHECK(unpinned.at(base + 14 * kWord) == base + 12 * kWord);
}

}  // namespace
}  // namespace pinlab::collector::tests
