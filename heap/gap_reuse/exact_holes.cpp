// R6: gaps are bumped in, one after another; when they are out, the tails that were left over serve
// requests of exactly their size.
#include "heap/gap_reuse/bump_gaps.hpp"

#include <array>

namespace pinlab::heap {

namespace {

class ExactHoles final : public GapReuse {
 public:
  void clear() override {
    gaps_.clear();
    for (auto& holes : holes_) {
      holes.clear();
    }
    hole_bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override { gaps_.add(gaps); }

  GapGrant take(std::size_t need) override {
    const AddressRange gap = gaps_.take(need);
    return {gap.empty() ? take_hole(need) : gap, {}};
  }

  /// A tail that is no hole of a known size is a gap again: a fresh block, mostly.
  bool give_back(AddressRange tail) override {
    if (tail.bytes() < kLeastGap) {
      holes_[tail.bytes() / kGranuleBytes].push_back(tail);
      hole_bytes_ += tail.bytes();
    } else {
      gaps_.add({&tail, 1});
    }
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return gaps_.bytes() + hole_bytes_; }

 private:
  static constexpr std::size_t kLeastGap = 2048;

  [[nodiscard]] AddressRange take_hole(std::size_t need) {
    if (need >= kLeastGap || holes_[need / kGranuleBytes].empty()) {
      return {};
    }
    auto& holes = holes_[need / kGranuleBytes];
    const AddressRange taken = holes.back();
    holes.pop_back();
    hole_bytes_ -= taken.bytes();
    return taken;
  }

  BumpGaps gaps_;
  std::array<std::vector<AddressRange>, kLeastGap / kGranuleBytes> holes_;  ///< by granules
  std::uint64_t hole_bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_exact_holes() {
  return {"exact_holes", "bump allocation in gaps, then tails for requests of exactly their size",
          "R6; after the hole sets of Whippet",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<ExactHoles>()); }};
}

}  // namespace pinlab::heap
