// Marks of starts that become marks of objects, against objects in a plain list.
#include "heap/mark_extension.hpp"
#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace pinlab::heap::tests {
namespace {

constexpr Address kBase(std::uintptr_t{1} << 32U);
constexpr std::size_t kLines = 32;
constexpr std::size_t kGranules = kLines * kGranulesPerLine;

Address at(std::size_t granule) {
  return kBase + granule * kGranuleBytes;
}

struct Object {
  std::size_t first;
  std::size_t granules;
  bool marked = false;
};

/// A block full of objects and of gaps, sizes from one granule to a few lines, often side by side
/// and often with ends on lines.
std::vector<Object> random_objects(Random& random) {
  const std::size_t most = std::size_t{1} << random.below(9);
  std::vector<Object> objects;
  for (std::size_t next = 0; next < kGranules;) {
    std::size_t granules = 1 + random.below(most);
    if (random.below(8) == 0) {
      granules = kGranulesPerLine - next % kGranulesPerLine;
    }
    granules = std::min(granules, kGranules - next);
    if (random.below(4) != 0) {
      objects.push_back({next, granules});
    }
    next += granules;
  }
  return objects;
}

TEST_CASE("marks of starts become marks of whole objects, and no others") {
  Random random(1);
  for (unsigned round = 0; round < 3000; ++round) {
    CAPTURE(round);
    std::vector<LineMarks> lines(kLines);
    const MarkTable marks(Address::of(lines.data()), kBase);
    std::vector<Object> objects = random_objects(random);
    for (const Object& object : objects) {
      marks.set_start(at(object.first));
      marks.set_live({at(object.first), at(object.first + object.granules)});
    }
    for (LineMarks& line : lines) {
      unmark(line);
    }
    const std::uint64_t share = random.below(5);
    std::vector<Address> expected_starts;
    std::vector<bool> expected(kGranules);
    std::size_t largest = 1;
    std::size_t granules = 0;
    for (Object& object : objects) {
      REQUIRE(!marks.is_live(at(object.first)));
      object.marked = random.below(4) < share;
      if (object.marked) {
        marks.set_live({at(object.first), at(object.first + 1)});
        expected_starts.push_back(at(object.first));
        std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(object.first), object.granules,
                    true);
        largest = std::max(largest, object.granules);
        granules += object.granules;
      }
    }
    MarkExtension extension(marks);
    std::vector<Address> starts;
    extension.extend({kBase, at(kGranules)}, [&](Address line, std::uint64_t bits, std::uint64_t rest) {
      REQUIRE((bits & rest) == 0);
      REQUIRE((bits | rest) == marks.line(line).live);
      for (; bits != 0; bits &= bits - 1) {
        starts.push_back(line + kGranuleBytes * static_cast<std::size_t>(std::countr_zero(bits)));
      }
    });
    for (std::size_t i = 0; i < kGranules; ++i) {
      CAPTURE(i);
      REQUIRE(marks.is_live(at(i)) == expected[i]);
    }
    REQUIRE(starts == expected_starts);
    REQUIRE(extension.bytes() == granules * kGranuleBytes);
    REQUIRE(extension.largest() == largest * kGranuleBytes);
  }
}

TEST_CASE("a run of ones is found where it is long enough") {
  Random random(2);
  for (unsigned round = 0; round < 2000; ++round) {
    std::uint64_t bits = random.next();
    for (std::uint64_t more = random.below(3); more > 0; --more) {
      bits |= random.next();
    }
    std::size_t longest = 0;
    for (unsigned i = 0; i < 64; ++i) {
      longest = std::max(longest, static_cast<std::size_t>(std::countr_one(bits >> i)));
    }
    for (std::size_t length = 1; length <= 70; ++length) {
      REQUIRE(has_run(bits, length) == (length <= longest));
    }
  }
  CHECK(has_run(~std::uint64_t{0}, 64));
  CHECK(!has_run(~std::uint64_t{0}, 65));
}

}  // namespace
}  // namespace pinlab::heap::tests
