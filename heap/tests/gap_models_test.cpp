// Every policy of gap reuse against a naive model of it: plain lists, searched from the front. The
// models keep granules and lists where the policies keep trees and buckets; what is granted must be
// the same, range for range.
#include "heap/gap_reuse.hpp"
#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <list>
#include <map>
#include <set>
#include <string_view>
#include <vector>

namespace pinlab::heap::tests {
namespace {

constexpr Address kBase(std::uintptr_t{1} << 32U);

Address at(std::size_t granules) {
  return kBase + granules * kGranuleBytes;
}

using Gaps = std::list<AddressRange>;

/// As GapReuse, but slow: each finds its gap by looking at all of them.
class Naive {
 public:
  Naive() = default;
  Naive(const Naive&) = delete;
  Naive& operator=(const Naive&) = delete;
  virtual ~Naive() = default;
  virtual void clear() { gaps.clear(); }
  virtual void add(std::span<const AddressRange> more) { append(more); }
  virtual GapGrant take(std::size_t need) = 0;
  virtual bool give_back(AddressRange /*tail*/) { return false; }
  [[nodiscard]] virtual std::uint64_t bytes() const { return bytes_of(gaps); }

 protected:
  static std::uint64_t bytes_of(const Gaps& list) {
    std::uint64_t sum = 0;
    for (const AddressRange& gap : list) {
      sum += gap.bytes();
    }
    return sum;
  }
  void append(std::span<const AddressRange> more) {
    gaps.insert(gaps.end(), more.begin(), more.end());
  }
  static auto fits(std::size_t need) {
    return [need](const AddressRange& gap) { return gap.bytes() >= need; };
  }
  GapGrant take_whole(Gaps::iterator gap) {
    if (gap == gaps.end()) {
      return {};
    }
    const AddressRange taken = *gap;
    gaps.erase(gap);
    return {taken, {}};
  }
  GapGrant cut(Gaps::iterator gap, std::size_t need) {
    if (gap == gaps.end()) {
      return {};
    }
    const AddressRange taken{gap->base, gap->base + need};
    const AddressRange rest{taken.limit, gap->limit};
    gap->base = taken.limit;
    if (gap->empty()) {
      gaps.erase(gap);
    }
    return {taken, rest};
  }

  Gaps gaps;
};

class NaiveNone final : public Naive {
 public:
  void add(std::span<const AddressRange> /*more*/) override {}
  GapGrant take(std::size_t /*need*/) override { return {}; }
};

/// A gap is open where each granule of it was one of the same gap before the last clear().
class NaiveFiller final : public Naive {
 public:
  void clear() override {
    before_ = std::move(now_);
    now_.clear();
    gaps.clear();
  }
  void add(std::span<const AddressRange> more) override {
    for (const AddressRange& gap : more) {
      std::set<Address> fillers;
      for (Address a = gap.base; a < gap.limit; a += kGranuleBytes) {
        now_[a] = gap.base;
        const auto filler = before_.find(a);
        fillers.insert(filler == before_.end() ? Address() : filler->second);
      }
      if (fillers.size() == 1 && !fillers.contains(Address())) {
        gaps.push_back(gap);
      }
    }
  }
  GapGrant take(std::size_t need) override {
    return take_whole(std::ranges::find_if(gaps, fits(need)));
  }

 private:
  std::map<Address, Address> before_;  ///< granule to the base of its gap
  std::map<Address, Address> now_;
};

/// No gap is looked at twice for requests of one power of two.
class NaiveBump : public Naive {
 public:
  void clear() override {
    gaps.clear();
    passed_.clear();
  }
  void add(std::span<const AddressRange> more) override {
    append(more);
    for (auto& [power, passed] : passed_) {
      for (const AddressRange& gap : more) {
        passed.erase(gap.base);
      }
    }
  }
  GapGrant take(std::size_t need) override {
    auto& passed = passed_[static_cast<std::size_t>(std::bit_width(need))];
    for (auto gap = gaps.begin(); gap != gaps.end(); ++gap) {
      if (!passed.insert(gap->base).second) {
        continue;
      }
      if (gap->bytes() >= need) {
        return take_whole(gap);
      }
    }
    return {};
  }

 private:
  std::map<std::size_t, std::set<Address>> passed_;
};

class NaiveFirstFit : public Naive {
 public:
  void add(std::span<const AddressRange> more) override {
    append(more);
    gaps.sort([](const AddressRange& a, const AddressRange& b) { return a.base < b.base; });
  }
  GapGrant take(std::size_t need) override {
    return cut(std::ranges::find_if(gaps, fits(need)), need);
  }
  bool give_back(AddressRange tail) override {
    add({&tail, 1});
    return true;
  }
};

class NaiveNextFit final : public NaiveFirstFit {
 public:
  GapGrant take(std::size_t need) override {
    auto gap = std::find_if(gaps.begin(), gaps.end(), [&](const AddressRange& g) {
      return g.limit > rover_ && g.bytes() >= need;
    });
    gap = gap == gaps.end() ? std::ranges::find_if(gaps, fits(need)) : gap;
    const GapGrant grant = cut(gap, need);
    rover_ = grant.taken.empty() ? rover_ : grant.taken.limit;
    return grant;
  }

 private:
  Address rover_;
};

class NaiveBestFit final : public NaiveFirstFit {
 public:
  GapGrant take(std::size_t need) override {
    auto best = gaps.end();
    for (auto gap = gaps.begin(); gap != gaps.end(); ++gap) {
      if (gap->bytes() >= need && (best == gaps.end() || gap->bytes() < best->bytes())) {
        best = gap;
      }
    }
    return cut(best, need);
  }
};

class NaiveBurn final : public Naive {
 public:
  GapGrant take(std::size_t need) override {
    gaps.erase(gaps.begin(), std::ranges::find_if(gaps, fits(need)));
    return take_whole(gaps.begin());
  }
  bool give_back(AddressRange tail) override {
    gaps.push_front(tail);
    return true;
  }
};

/// Of a bucket the newest are at its end; a whole add() comes backwards, so that its lowest is the
/// newest. Fits by looking at eight, else the first of a bucket above.
class NaiveBuckets final : public Naive {
 public:
  void clear() override { buckets_.clear(); }
  void add(std::span<const AddressRange> more) override {
    for (auto gap = more.rbegin(); gap != more.rend(); ++gap) {
      give_back(*gap);
    }
  }
  GapGrant take(std::size_t need) override {
    for (auto& [power, bucket] : buckets_) {
      for (std::size_t i = 1; i <= std::min<std::size_t>(8, bucket.size()); ++i) {
        AddressRange& gap = bucket[bucket.size() - i];
        if (gap.bytes() >= need) {
          const AddressRange taken = gap;
          gap = bucket.back();
          bucket.pop_back();
          return {taken, {}};
        }
      }
    }
    return {};
  }
  bool give_back(AddressRange tail) override {
    buckets_[static_cast<std::size_t>(std::bit_width(tail.bytes()))].push_back(tail);
    return true;
  }
  [[nodiscard]] std::uint64_t bytes() const override {
    std::uint64_t sum = 0;
    for (const auto& [power, bucket] : buckets_) {
      for (const AddressRange& gap : bucket) {
        sum += gap.bytes();
      }
    }
    return sum;
  }

 private:
  std::map<std::size_t, std::vector<AddressRange>> buckets_;
};

/// The front is the current run; what is larger than a line looks at it alone, then at the
/// overflow.
class NaiveLines final : public Naive {
 public:
  void clear() override {
    gaps.clear();
    overflow_ = {};
    refused_ = 0;
  }
  void add(std::span<const AddressRange> more) override {
    for (const AddressRange& gap : more) {
      Address line = gap.base.align_up(256);
      AddressRange run{line, line};
      for (; line + 256 <= gap.limit; line += 256) {
        run.limit = line + 256;
      }
      if (!run.empty()) {
        gaps.push_back(run);
      }
    }
  }
  GapGrant take(std::size_t need) override {
    refused_ = 0;
    if (need <= 256) {
      gaps.erase(gaps.begin(), std::ranges::find_if(gaps, fits(need)));
    }
    if (!gaps.empty() && gaps.front().bytes() >= need) {
      return take_whole(gaps.begin());
    }
    if (overflow_.bytes() >= need) {
      const GapGrant grant{{overflow_.base, overflow_.base + need},
                           {overflow_.base + need, overflow_.limit}};
      overflow_ = grant.rest;
      return grant;
    }
    refused_ = need;
    return {};
  }
  bool give_back(AddressRange tail) override {
    if (refused_ <= 256) {
      gaps.push_front(tail);
      return true;
    }
    refused_ = 0;
    if (!overflow_.empty()) {
      gaps.push_back(overflow_);
    }
    overflow_ = tail;
    return true;
  }
  [[nodiscard]] std::uint64_t bytes() const override { return Naive::bytes() + overflow_.bytes(); }

 private:
  AddressRange overflow_;
  std::size_t refused_ = 0;
};

class NaiveExactHoles final : public Naive {
 public:
  void clear() override {
    bump_.clear();
    gaps.clear();
  }
  void add(std::span<const AddressRange> more) override { bump_.add(more); }
  GapGrant take(std::size_t need) override {
    const GapGrant grant = bump_.take(need);
    if (!grant.taken.empty()) {
      return grant;
    }
    return take_whole(
        std::ranges::find_if(gaps, [&](const AddressRange& hole) { return hole.bytes() == need; }));
  }
  bool give_back(AddressRange tail) override {
    if (tail.bytes() < 2048) {
      gaps.push_front(tail);
    } else {
      bump_.add({&tail, 1});
    }
    return true;
  }
  [[nodiscard]] std::uint64_t bytes() const override { return Naive::bytes() + bump_.bytes(); }

 private:
  NaiveBump bump_;
};

template <class T>
std::unique_ptr<Naive> made() {
  return std::make_unique<T>();
}

const std::map<std::string_view, std::unique_ptr<Naive> (*)()> kModels = {
    {"none", made<NaiveNone>},           {"filler", made<NaiveFiller>},
    {"bump", made<NaiveBump>},           {"first_fit", made<NaiveFirstFit>},
    {"next_fit", made<NaiveNextFit>},    {"best_fit", made<NaiveBestFit>},
    {"first_fit_burn", made<NaiveBurn>}, {"buckets", made<NaiveBuckets>},
    {"lines", made<NaiveLines>},         {"exact_holes", made<NaiveExactHoles>},
};

/// Free stretches of an address range that collections make again and again.
std::vector<AddressRange> random_gaps(Random& random, std::size_t from, std::size_t count) {
  std::vector<AddressRange> gaps;
  std::size_t end = from;
  for (std::size_t i = 0; i < count; ++i) {
    end += random.below(3) * random.below(30);
    const std::size_t granules = 1 + random.below(random.below(6) == 0 ? 600 : 60);
    gaps.push_back({at(end), at(end + granules)});
    end += granules;
  }
  return gaps;
}

void compare(GapReuse& policy, Naive& model, std::uint64_t seed) {
  Random random(seed);
  std::vector<AddressRange> taken;
  for (unsigned cycle = 0; cycle < 12; ++cycle) {
    policy.clear();
    model.clear();
    taken.clear();
    for (std::size_t part = 0; part < 2; ++part) {
      // The same addresses are free again and again, in pieces.
      auto gaps = random_gaps(random, part * 100'000, random.below(40));
      gaps.push_back(
          {at((part + 1) * 90'000 - 2000 * random.below(2)), at((part + 1) * 90'000 + 50)});
      policy.add(gaps);
      model.add(gaps);
    }
    for (unsigned step = 0; step < 200; ++step) {
      REQUIRE(policy.bytes() == model.bytes());
      if (random.below(100) < 65 || taken.empty()) {
        const std::size_t need =
            kGranuleBytes * (1 + random.below(random.below(4) == 0 ? 400 : 30));
        const GapGrant grant = policy.take(need);
        const GapGrant expected = model.take(need);
        REQUIRE(grant.taken == expected.taken);
        REQUIRE((grant.rest.empty() || grant.rest.base == grant.taken.limit));
        REQUIRE((grant.front.empty() || grant.front.limit == grant.taken.base));
        if (!grant.taken.empty()) {
          taken.push_back(grant.taken);
        }
      } else {
        std::swap(taken[random.below(taken.size())], taken.back());
        AddressRange tail = taken.back();
        taken.pop_back();
        tail.base += kGranuleBytes * random.below(tail.bytes() / kGranuleBytes);
        REQUIRE(policy.give_back(tail) == model.give_back(tail));
      }
    }
  }
}

TEST_CASE("every policy of gap reuse grants what a naive model of it grants") {
  for (const Named<GapReuse>& policy : gap_reuses()) {
    const auto model = kModels.find(policy.name);
    CAPTURE(policy.name);
    REQUIRE(model != kModels.end());
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      CAPTURE(seed);
      compare(*policy.make(), *model->second(), seed);
    }
  }
}

TEST_CASE("a gap that was filled is open again after the next collection, and not before") {
  const std::unique_ptr<GapReuse> reuse = find_named(gap_reuses(), "filler")->make();
  const AddressRange first{at(0), at(20)};
  reuse->add({&first, 1});
  CHECK(reuse->take(kGranuleBytes).taken.empty());
  reuse->clear();
  const std::vector<AddressRange> later = {{at(10), at(20)}, {at(25), at(30)}};
  reuse->add(later);
  CHECK(reuse->take(kGranuleBytes).taken == later[0]);
  CHECK(reuse->take(kGranuleBytes).taken.empty());
}

TEST_CASE("a misfit burns the gaps before it, and the same request of buckets does not") {
  const std::vector<AddressRange> gaps = {{at(0), at(4)}, {at(10), at(16)}, {at(20), at(40)}};
  const std::unique_ptr<GapReuse> burn = find_named(gap_reuses(), "first_fit_burn")->make();
  burn->add(gaps);
  CHECK(burn->take(10 * kGranuleBytes).taken == gaps[2]);
  CHECK(burn->bytes() == 0);
  const std::unique_ptr<GapReuse> buckets = find_named(gap_reuses(), "buckets")->make();
  buckets->add(gaps);
  CHECK(buckets->take(10 * kGranuleBytes).taken == gaps[2]);
  CHECK(buckets->bytes() == 10 * kGranuleBytes);
}

TEST_CASE("an object of more than a line takes no run of lines, but a block of its own") {
  const std::unique_ptr<GapReuse> lines = find_named(gap_reuses(), "lines")->make();
  const std::vector<AddressRange> gaps = {{at(1), at(70)}, {at(96), at(128)}};
  lines->add(gaps);
  CHECK(lines->bytes() == 2 * 256);  // what fills no whole line is not offered
  CHECK(lines->take(300).taken.empty());
  const AddressRange block{at(1024), at(2048)};
  CHECK(lines->give_back(block));
  CHECK(lines->take(304).taken == AddressRange{at(1024), at(1062)});
  const GapGrant run = lines->take(8);
  CHECK(run.taken == AddressRange{at(32), at(64)});
  CHECK(run.front == AddressRange{at(1), at(32)});
  CHECK(run.rest == AddressRange{at(64), at(70)});
}

}  // namespace
}  // namespace pinlab::heap::tests
