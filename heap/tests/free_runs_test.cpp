// Against a walk over every granule.
#include "heap/free_runs.hpp"

#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace pinlab::heap::tests {
namespace {

constexpr Address kBase(std::uintptr_t{1} << 32U);
constexpr std::size_t kLines = 1024;

/// Lines that are live all over, empty, of a few stretches, or of noise.
std::uint64_t drawn_line(Random& random) {
  switch (random.below(4)) {
    case 0:
      return ~std::uint64_t{0};
    case 1:
      return 0;
    case 2:
      return ~std::uint64_t{0} << random.below(64) & ~(~std::uint64_t{0} << random.below(64));
    default:
      return random.next();
  }
}

std::vector<AddressRange> by_granule(const MarkTable& marks, AddressRange block) {
  std::vector<AddressRange> runs;
  bool open = false;
  for (Address a = block.base; a < block.limit; a += kGranuleBytes) {
    if (marks.is_live(a)) {
      open = false;
    } else if (open) {
      runs.back().limit = a + kGranuleBytes;
    } else {
      runs.push_back({a, a + kGranuleBytes});
      open = true;
    }
  }
  return runs;
}

TEST_CASE("free runs are those that a walk by granules finds, block for block") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<LineMarks> lines(kLines);
    const MarkTable marks(Address::of(lines.data()), kBase);
    for (LineMarks& line : lines) {
      line = {.live = drawn_line(random), .start = random.next()};
    }
    FreeRuns runs;
    for (int round = 0; round < 3; ++round) {
      // Several blocks at once, of which long ones need more than one stretch.
      std::vector<AddressRange> blocks;
      std::vector<FreeRuns::OfBlock> found;
      for (std::size_t line = 0; line < kLines;) {
        const std::size_t size =
            1 + random.below(random.below(3) == 0 ? kLines - line
                                                  : std::min<std::size_t>(64, kLines - line));
        const Address base = kBase + line * kLineBytes;
        blocks.push_back({base, base + size * kLineBytes});
        found.push_back(runs.find(marks, blocks.back()));
        line += size;
      }
      for (std::size_t i = 0; i < blocks.size(); ++i) {
        CAPTURE(i);
        CHECK(found[i].base == blocks[i].base);
        std::vector<AddressRange> seen;
        runs.for_each(found[i], [&](AddressRange run) { seen.push_back(run); });
        REQUIRE(seen == by_granule(marks, blocks[i]));
      }
      runs.clear();
    }
  }
}

TEST_CASE("as many runs as there can be, in block after block") {
  std::vector<LineMarks> lines(kLines, {.live = 0xAAAAAAAAAAAAAAAAU, .start = 0});
  const MarkTable marks(Address::of(lines.data()), kBase);
  FreeRuns runs;
  std::vector<FreeRuns::OfBlock> found;
  std::vector<std::vector<std::uint32_t>> others;  // who would have what lies beyond its memory
  for (std::size_t line = 0; line < kLines; line += 256) {
    const Address base = kBase + line * kLineBytes;
    found.push_back(runs.find(marks, {base, base + 256 * kLineBytes}));
    others.emplace_back(30'000, 7U);
  }
  Address next = kBase;
  for (const FreeRuns::OfBlock& block : found) {
    runs.for_each(block, [&](AddressRange run) {
      REQUIRE(run == AddressRange{next, next + kGranuleBytes});
      next += 2 * kGranuleBytes;
    });
  }
  CHECK(next == kBase + kLines * kLineBytes);
}

TEST_CASE("a block that is free, and one that is live, all over") {
  std::vector<LineMarks> lines(300);
  const MarkTable marks(Address::of(lines.data()), kBase);
  const AddressRange block{kBase, kBase + lines.size() * kLineBytes};
  const auto count = [&] {
    FreeRuns runs;
    std::size_t bytes = 0;
    std::size_t number = 0;
    runs.for_each(runs.find(marks, block), [&](AddressRange run) {
      bytes += run.bytes();
      ++number;
    });
    return std::pair(number, bytes);
  };
  CHECK(count() == std::pair<std::size_t, std::size_t>(1, block.bytes()));
  marks.set_live(block);
  CHECK(count() == std::pair<std::size_t, std::size_t>(0, 0));
}

}  // namespace
}  // namespace pinlab::heap::tests
