// Sets of lines against a plain vector of bool, by whole words and by blocks that share one.
#include "heap/line_set.hpp"

#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace pinlab::heap::tests {
namespace {

constexpr Address kBase(std::uintptr_t{1} << 32U);
constexpr std::size_t kLines = 320;

Address at(std::size_t line) {
  return kBase + line * kLineBytes;
}
std::size_t line_of(Address a) {
  return (a - kBase) / kLineBytes;
}

class LineSetAndModel {
 public:
  explicit LineSetAndModel(std::uint64_t seed)
      : words_(LineSet::words_for(kLines * kLineBytes)),
        lines(words_.data(), kBase),
        model(kLines, false),
        random(seed) {}

  /// Whole lines, mostly a block of so many.
  [[nodiscard]] AddressRange any_range() {
    const std::size_t lines_in_block = std::size_t{32} << random.below(3);
    if (random.below(2) == 0) {
      const std::size_t block = random.below(kLines / lines_in_block);
      return {at(block * lines_in_block), at((block + 1) * lines_in_block)};
    }
    const std::size_t first = random.below(kLines);
    return {at(first), at(first + 1 + random.below(kLines - first))};
  }

  [[nodiscard]] std::vector<std::size_t> expected_in(AddressRange range) const {
    std::vector<std::size_t> expected;
    for (std::size_t i = line_of(range.base); i < line_of(range.limit); ++i) {
      if (model[i]) {
        expected.push_back(i);
      }
    }
    return expected;
  }

 private:
  std::vector<std::uint64_t> words_;

 public:
  LineSet lines;
  std::vector<bool> model;
  Random random;
};

}  // namespace

TEST_CASE("line_set: what was added and removed is there, by line and by range") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    LineSetAndModel world(seed);
    for (int step = 0; step < 400; ++step) {
      const std::size_t line = world.random.below(kLines);
      const Address inside = at(line) + world.random.below(kLineBytes);
      switch (world.random.below(8)) {
        case 0:
          world.lines.remove(inside);
          world.model[line] = false;
          break;
        case 1: {
          const AddressRange range = world.any_range();
          if (world.random.below(8) == 0) {
            world.lines.remove(range);
            for (const std::size_t i : world.expected_in(range)) {
              world.model[i] = false;
            }
          }
          break;
        }
        default:
          world.random.below(2) == 0 ? world.lines.add(inside) : world.lines.add_shared(inside);
          world.model[line] = true;
      }
      const AddressRange range = world.any_range();
      const std::vector<std::size_t> expected = world.expected_in(range);
      std::vector<std::size_t> found;
      world.lines.for_each(range, [&](Address a) { found.push_back(line_of(a)); });
      REQUIRE(found == expected);
      REQUIRE(world.lines.count(range) == expected.size());
      REQUIRE(world.lines.has_any(range) == !expected.empty());
    }
    for (std::size_t i = 0; i < kLines; ++i) {
      REQUIRE(world.lines.has(at(i)) == world.model[i]);
    }
  }
}

TEST_CASE("line_set: threads that add and remove in parts of one word lose nothing") {
  LineSetAndModel world(1);
  std::atomic<int> ready{0};
  const auto lose_nothing = [&](AddressRange mine, bool& lost) {
    ready.fetch_add(1);
    while (ready.load() < 2) {
    }
    for (int round = 0; round < 300'000; ++round) {
      for (Address line = mine.base; line < mine.limit; line += kLineBytes) {
        world.lines.add_shared(line);
      }
      lost = lost || world.lines.count(mine) != mine.bytes() / kLineBytes;
      world.lines.remove(mine);
      lost = lost || world.lines.has_any(mine);
    }
  };
  bool below_lost = false;
  bool above_lost = false;
  std::thread other([&] { lose_nothing({at(8), at(16)}, above_lost); });
  lose_nothing({at(0), at(8)}, below_lost);
  other.join();
  CHECK_FALSE(below_lost);
  CHECK_FALSE(above_lost);
}

TEST_CASE("line_set: lines above are visited as far as something reaches, and once") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    LineSetAndModel world(seed);
    const std::uint64_t percent = std::uint64_t{1} << world.random.below(7);
    for (std::size_t i = 0; i < kLines; ++i) {
      if (world.random.below(100) < percent) {
        world.lines.add(at(i));
        world.model[i] = true;
      }
    }
    const AddressRange range = world.any_range();
    const std::size_t first = line_of(range.base);
    const std::size_t limit = line_of(range.limit);
    // How far what begins in a line reaches above it: mostly not, sometimes over words.
    std::vector<std::size_t> reaches(kLines, 0);
    for (std::size_t i = first; i < limit; ++i) {
      const std::size_t far = world.random.below(8) == 0 ? 130 : 2;
      reaches[i] = std::min(limit - 1 - i, world.random.below(far));
    }
    std::vector<bool> wanted(kLines, false);
    std::vector<bool> allowed(kLines, false);
    for (std::size_t i = first; i < limit; ++i) {
      for (std::size_t k = i; world.model[i] && k <= i + reaches[i]; ++k) {
        wanted[k] = true;
      }
      allowed[i] = wanted[i] || (i > first && world.model[i - 1]);
    }
    std::size_t until = 0;  // one past the last line that is reached
    std::size_t last = 0;
    std::vector<bool> visited(kLines, false);
    world.lines.for_each_and_above(range, [&](Address a) {
      const std::size_t line = line_of(a);
      REQUIRE((line > last || last == 0));
      last = line;
      visited[line] = true;
      if (world.model[line]) {
        until = std::max(until, line + reaches[line] + 1);
      }
      return line + 1 < until;
    });
    for (std::size_t i = 0; i < kLines; ++i) {
      REQUIRE((!wanted[i] || visited[i]));
      REQUIRE((!visited[i] || allowed[i]));
    }
  }
}

}  // namespace pinlab::heap::tests
