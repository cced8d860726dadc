// R6: gaps are bumped in, one after another; when they are out, the tails that were left over serve
// requests of exactly their size.
#include "heap/gap_reuse.hpp"

#include <array>
#include <bit>

namespace pinlab::heap {

namespace {

class ExactHoles final : public GapReuse {
 public:
  void clear() override {
    gaps_.clear();
    next_.fill(0);
    for (auto& holes : holes_) {
      holes.clear();
    }
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override {
    for (const AddressRange& gap : gaps) {
      gaps_.push_back(gap);
      bytes_ += gap.bytes();
    }
  }

  GapGrant take(std::size_t need) override {
    // One position for each power of two, as in R2.
    std::size_t& position = next_[static_cast<std::size_t>(std::bit_width(need))];
    for (; position < gaps_.size(); ++position) {
      AddressRange& gap = gaps_[position];
      if (gap.bytes() >= need) {
        const AddressRange taken = gap;
        gap.base = gap.limit;
        bytes_ -= taken.bytes();
        ++position;
        return {taken, {}};
      }
    }
    return take_hole(need);
  }

  /// A tail that is no hole of a known size is a gap again: a fresh block, mostly.
  bool give_back(AddressRange tail) override {
    if (tail.bytes() < kLeastGap) {
      holes_[tail.bytes() / kGranuleBytes].push_back(tail);
      bytes_ += tail.bytes();
    } else {
      add({&tail, 1});
    }
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  static constexpr std::size_t kLeastGap = 2048;

  GapGrant take_hole(std::size_t need) {
    if (need >= kLeastGap || holes_[need / kGranuleBytes].empty()) {
      return {};
    }
    auto& holes = holes_[need / kGranuleBytes];
    const AddressRange taken = holes.back();
    holes.pop_back();
    bytes_ -= taken.bytes();
    return {taken, {}};
  }

  std::vector<AddressRange> gaps_;
  std::array<std::size_t, 64> next_{};
  std::array<std::vector<AddressRange>, kLeastGap / kGranuleBytes> holes_;  ///< by granules
  std::uint64_t bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_exact_holes() {
  return {"exact_holes", "bump allocation in gaps, then tails for requests of exactly their size",
          "R6; after the hole sets of Whippet",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<ExactHoles>()); }};
}

}  // namespace pinlab::heap
