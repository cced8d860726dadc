// What every policy of gap reuse promises, against a plain list of free intervals. The policies
// read no memory, so the addresses are made up.
#include "heap/gap_reuse.hpp"

#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace pinlab::heap::tests {
namespace {

constexpr Address kBase(std::uintptr_t{1} << 32U);

Address at(std::size_t granules) {
  return kBase + granules * kGranuleBytes;
}

/// The gaps that a policy knows: disjoint, never merged.
class Model {
 public:
  void add(AddressRange gap) { free_.emplace(gap.base, gap.limit); }
  void clear() { free_.clear(); }

  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [base, limit] : free_) {
      sum += limit - base;
    }
    return sum;
  }

  /// Whether all of `range` lies in one gap that is known.
  [[nodiscard]] bool knows(AddressRange range) const {
    auto gap = free_.upper_bound(range.base);
    return gap != free_.begin() && range.limit <= (--gap)->second;
  }

  /// The gap that the grant was cut from has nothing left but the rest of the grant.
  void remove(const GapGrant& grant) {
    const auto gap = std::prev(free_.upper_bound(grant.taken.base));
    free_.erase(gap);
    if (!grant.rest.empty()) {
      add(grant.rest);
    }
  }

  /// The lowest gap of at least `need` bytes, or an empty range.
  [[nodiscard]] AddressRange lowest(std::size_t need) const {
    for (const auto& [base, limit] : free_) {
      if (limit - base >= need) {
        return {base, limit};
      }
    }
    return {};
  }
  [[nodiscard]] std::size_t largest() const {
    std::size_t most = 0;
    for (const auto& [base, limit] : free_) {
      most = std::max<std::size_t>(most, limit - base);
    }
    return most;
  }

 private:
  std::map<Address, Address> free_;
};

/// Whether the policy keeps gaps at all: R0 does not.
bool keeps_gaps(const Named<GapReuse>& policy) {
  const std::unique_ptr<GapReuse> reuse = policy.make();
  const AddressRange gap{at(0), at(64)};  // a whole line, wherever it lies
  reuse->add({&gap, 1});
  return reuse->bytes() > 0;
}

void check_grant(const GapGrant& grant, std::size_t need, const Model& model) {
  REQUIRE(grant.taken.bytes() >= need);
  REQUIRE(grant.taken.base == grant.taken.base.align_down(kGranuleBytes));
  REQUIRE(grant.taken.limit == grant.taken.limit.align_down(kGranuleBytes));
  REQUIRE(model.knows(grant.taken));  // nobody else's
  if (!grant.front.empty()) {
    REQUIRE(grant.front.limit == grant.taken.base);
    REQUIRE(model.knows({grant.front.base, grant.taken.limit}));
  }
  if (!grant.rest.empty()) {
    REQUIRE(grant.rest.base == grant.taken.limit);
    REQUIRE(model.knows({grant.taken.base, grant.rest.limit}));
  }
}

/// A policy, its model, and what was taken from it.
class Trial {
 public:
  Trial(const Named<GapReuse>& policy, std::uint64_t seed)
      : reuse_(policy.make()), keeps_(keeps_gaps(policy)), random_(seed) {}

  void act() {
    const std::uint64_t dice = random_.below(100);
    if (dice < 10) {
      add_gaps();
    } else if (dice < 75) {
      take();
    } else if (dice < 99) {
      give_back();
    } else {
      reuse_->clear();
      model_.clear();
    }
    REQUIRE(reuse_->bytes() <= model_.bytes());
  }

  /// What bytes() promises comes out, in requests of one size after another.
  void drain() {
    for (std::size_t need = kGranuleBytes; reuse_->bytes() > 0; need += kGranuleBytes) {
      REQUIRE(need <= kMostTail);
      for (GapGrant grant = reuse_->take(need); !grant.taken.empty(); grant = reuse_->take(need)) {
        check_grant(grant, need, model_);
        model_.remove(grant);
        REQUIRE(reuse_->bytes() <= model_.bytes());
      }
    }
    REQUIRE(reuse_->take(kGranuleBytes).taken.empty());
  }

 private:
  static constexpr std::size_t kMostTail = 4096;

  void add_gaps() {
    std::vector<AddressRange> gaps;
    for (std::uint64_t i = random_.below(12); i > 0; --i) {
      // Some touch the one before, and stay gaps of their own.
      end_ += random_.below(2) * random_.below(40);
      const std::size_t granules = 1 + random_.below(random_.below(8) == 0 ? 3000 : 60);
      gaps.push_back({at(end_), at(end_ + granules)});
      end_ += granules;
    }
    reuse_->add(gaps);
    for (const AddressRange& gap : gaps) {
      if (keeps_) {
        model_.add(gap);
      }
    }
  }

  void take() {
    const std::size_t need = kGranuleBytes * (1 + random_.below(random_.below(4) == 0 ? 400 : 30));
    const GapGrant grant = reuse_->take(need);
    if (grant.taken.empty()) {
      return;
    }
    check_grant(grant, need, model_);
    model_.remove(grant);
    taken_.push_back(grant.taken);
  }

  /// The end of something taken, as after bump allocation.
  void give_back() {
    if (taken_.empty()) {
      return;
    }
    std::swap(taken_[random_.below(taken_.size())], taken_.back());
    AddressRange tail = taken_.back();
    taken_.pop_back();
    tail.base += kGranuleBytes * random_.below(tail.bytes() / kGranuleBytes);
    if (reuse_->give_back(tail)) {
      model_.add(tail);
    }
  }

  std::unique_ptr<GapReuse> reuse_;
  bool keeps_;
  Random random_;
  Model model_;
  std::vector<AddressRange> taken_;
  std::size_t end_ = 0;
};

TEST_CASE("no policy of gap reuse hands out memory twice, and each knows how much it has") {
  for (const Named<GapReuse>& policy : gap_reuses()) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      CAPTURE(policy.name);
      CAPTURE(seed);
      Trial trial(policy, seed);
      for (unsigned step = 0; step < 1500; ++step) {
        trial.act();
      }
      trial.drain();
    }
  }
}

std::vector<AddressRange> random_gaps(Random& random, std::size_t count) {
  std::vector<AddressRange> gaps;
  std::size_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    end += 1 + random.below(9);
    const std::size_t granules = 1 + random.below(200);
    gaps.push_back({at(end), at(end + granules)});
    end += granules;
  }
  return gaps;
}

TEST_CASE("a policy that keeps gaps finds one of twice the size that a small request needs") {
  constexpr std::size_t kSmall = 256;
  for (const Named<GapReuse>& policy : gap_reuses()) {
    if (!keeps_gaps(policy)) {
      continue;
    }
    CAPTURE(policy.name);
    Random random(3);
    for (unsigned round = 0; round < 300; ++round) {
      const std::vector<AddressRange> gaps = random_gaps(random, 1 + random.below(40));
      const auto largest = std::ranges::max(gaps, {}, &AddressRange::bytes).bytes();
      if (largest < 2 * kSmall) {
        continue;
      }
      const std::size_t need = kGranuleBytes * (1 + random.below(kSmall / kGranuleBytes));
      const std::unique_ptr<GapReuse> reuse = policy.make();
      reuse->add(gaps);
      REQUIRE(reuse->take(need).taken.bytes() >= need);
      REQUIRE(reuse->take(largest + kGranuleBytes).taken.empty());
    }
  }
}

TEST_CASE("bump fills gaps by address, each as a whole") {
  const std::unique_ptr<GapReuse> reuse = find_named(gap_reuses(), "bump")->make();
  const std::vector<AddressRange> gaps = {{at(0), at(4)}, {at(10), at(30)}, {at(40), at(44)}};
  reuse->add(gaps);
  CHECK(reuse->take(5 * kGranuleBytes).taken == gaps[1]);
  CHECK(reuse->take(4 * kGranuleBytes).taken == gaps[2]);  // of the same power of two: past it
  CHECK(reuse->take(2 * kGranuleBytes).taken == gaps[0]);
  CHECK(reuse->take(kGranuleBytes).taken.empty());
  CHECK(!reuse->give_back(gaps[0]));
  CHECK(reuse->bytes() == 0);
}

}  // namespace
}  // namespace pinlab::heap::tests
