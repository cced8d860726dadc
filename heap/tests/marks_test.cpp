// The bit tables against plain vectors of bool. The heap that they describe need not be there.
#include "heap/marks.hpp"
#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace pinlab::heap::tests {
namespace {

constexpr Address kBase(std::uintptr_t{1} << 32U);
constexpr std::size_t kLines = 12;
constexpr std::size_t kGranules = kLines * kGranulesPerLine;

Address at(std::size_t granule) { return kBase + granule * kGranuleBytes; }
std::size_t granule_of(Address a) { return (a - kBase) / kGranuleBytes; }

class MarksAndModel {
 public:
  MarksAndModel()
      : lines_(kLines, LineMarks{}),
        marks(Address::of(lines_.data()), kBase),
        live(kGranules, false),
        start(kGranules, false) {}

  void check_bits() const {
    for (std::size_t i = 0; i < kGranules; ++i) {
      REQUIRE(marks.is_live(at(i)) == live[i]);
      REQUIRE(marks.is_start(at(i)) == start[i]);
    }
  }

 private:
  std::vector<LineMarks> lines_;

 public:
  MarkTable marks;
  std::vector<bool> live;
  std::vector<bool> start;
};

/// A range of the heap that is not empty, often with ends on lines.
AddressRange random_range(Random& random) {
  std::size_t first = random.below(kGranules);
  std::size_t last = random.below(kGranules);
  if (random.below(4) == 0) {
    first = first / kGranulesPerLine * kGranulesPerLine;
    last = last / kGranulesPerLine * kGranulesPerLine + kGranulesPerLine - 1;
  }
  if (random.below(3) == 0) {
    last = std::min(kGranules - 1, first + random.below(20));
  }
  return {at(std::min(first, last)), at(std::max(first, last) + 1)};
}

void fill(std::vector<bool>& bits, AddressRange range, bool value) {
  for (std::size_t i = granule_of(range.base); i < granule_of(range.limit); ++i) {
    bits[i] = value;
  }
}

void change(MarksAndModel& both, Random& random) {
  const AddressRange range = random_range(random);
  switch (random.below(5)) {
    case 0:
      both.marks.set_live(range);
      fill(both.live, range, true);
      break;
    case 1:
      both.marks.clear_live(range);
      fill(both.live, range, false);
      break;
    case 2:
      for (std::uint64_t i = random.below(200); i > 0; --i) {
        const std::size_t granule = random.below(kGranules);
        const AddressRange one{at(granule), at(granule + 1)};
        both.live[granule] ? both.marks.clear_live(one) : both.marks.set_live(one);
        both.live[granule] = !both.live[granule];
      }
      break;
    case 3:
      both.marks.clear_start(range);
      fill(both.start, range, false);
      break;
    default:
      for (std::uint64_t i = random.below(30); i > 0; --i) {
        const std::size_t granule = random.below(kGranules);
        both.marks.set_start(at(granule));
        both.start[granule] = true;
      }
      break;
  }
}

std::vector<AddressRange> gaps_of(const std::vector<bool>& live,
                                  AddressRange range,
                                  std::size_t least) {
  std::vector<AddressRange> gaps;
  std::size_t from = granule_of(range.base);
  for (std::size_t i = from; i <= granule_of(range.limit); ++i) {
    if (i == granule_of(range.limit) || live[i]) {
      if (i > from && (i - from) * kGranuleBytes >= least) {
        gaps.push_back({at(from), at(i)});
      }
      from = i + 1;
    }
  }
  return gaps;
}

std::vector<Address> granules_where(AddressRange range, const auto& is_so) {
  std::vector<Address> found;
  for (std::size_t i = granule_of(range.base); i < granule_of(range.limit); ++i) {
    if (is_so(i)) {
      found.push_back(at(i));
    }
  }
  return found;
}

void check_walks(const MarksAndModel& both, Random& random) {
  const AddressRange range = random_range(random);
  for (const std::size_t least : {std::size_t{8}, std::size_t{16}, 8 + 8 * random.below(60),
                                  kLineBytes, 2 * kLineBytes + 8}) {
    CAPTURE(least);
    std::vector<AddressRange> gaps;
    both.marks.for_each_gap(range, least, [&](AddressRange gap) { gaps.push_back(gap); });
    REQUIRE(gaps == gaps_of(both.live, range, least));
  }
  std::vector<Address> starts;
  both.marks.for_each_start(range, [&](Address a) { starts.push_back(a); });
  REQUIRE(starts == granules_where(range, [&](std::size_t i) { return both.start[i]; }));
  std::vector<Address> live_starts;
  both.marks.for_each_live_start(range, [&](Address a) { live_starts.push_back(a); });
  REQUIRE(live_starts ==
          granules_where(range, [&](std::size_t i) { return both.start[i] && both.live[i]; }));
}

void check_searches(const MarksAndModel& both, Random& random) {
  const std::size_t granule = random.below(kGranules);
  const std::size_t floor = random.below(granule + 1);
  Address highest;
  for (std::size_t i = floor; i <= granule; ++i) {
    highest = both.start[i] ? at(i) : highest;
  }
  REQUIRE(both.marks.start_at_or_before(at(granule), at(floor)) == highest);
  // Of whatever is live here: its end is where something else begins, at most at the limit.
  const std::size_t limit = granule + 1 + random.below(kGranules - granule);
  std::size_t end = granule + 1;
  while (end < limit && both.live[end] && !both.start[end]) {
    ++end;
  }
  if (both.live[granule]) {
    REQUIRE(both.marks.end_of_live(at(granule), at(limit)) == at(end));
  }
}

TEST_CASE("marks agree with vectors of bool after random changes") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    MarksAndModel both;
    for (unsigned step = 0; step < 300; ++step) {
      change(both, random);
      both.check_bits();
      check_walks(both, random);
      for (unsigned search = 0; search < 10; ++search) {
        check_searches(both, random);
      }
    }
  }
}

TEST_CASE("what is all free or all alive has one gap or none") {
  const MarksAndModel both;
  const AddressRange all{kBase, at(kGranules)};
  std::vector<AddressRange> gaps;
  const auto collect = [&](AddressRange gap) { gaps.push_back(gap); };
  both.marks.for_each_gap(all, kGranuleBytes, collect);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps.front() == all);
  gaps.clear();
  both.marks.for_each_gap(all, all.bytes() + kGranuleBytes, collect);
  CHECK(gaps.empty());
  both.marks.set_live(all);
  both.marks.for_each_gap(all, kGranuleBytes, collect);
  CHECK(gaps.empty());
}

}  // namespace
}  // namespace pinlab::heap::tests
