// Address-ordered first fit: every object goes to the lowest gap that it fits in, exactly. A
// tournament tree over the gaps holds the largest gap below each node, so that a search is one
// descent.
#include "heap/gap_reuse.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::heap {

namespace {

class FirstFit final : public GapReuse {
 public:
  void clear() override {
    gaps_.clear();
    largest_.clear();
    leaves_ = 0;
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override {
    std::erase_if(gaps_, [](const AddressRange& gap) { return gap.empty(); });
    const auto middle = static_cast<std::ptrdiff_t>(gaps_.size());
    for (const AddressRange gap : gaps) {
      gaps_.push_back(gap);
      bytes_ += gap.bytes();
    }
    std::ranges::inplace_merge(gaps_, gaps_.begin() + middle, {}, &AddressRange::base);
    leaves_ = std::bit_ceil(std::max<std::size_t>(gaps_.size(), 1));
    largest_.assign(2 * leaves_, 0);
    for (std::size_t i = 0; i < gaps_.size(); ++i) {
      largest_[leaves_ + i] = gaps_[i].bytes();
    }
    for (std::size_t node = leaves_ - 1; node > 0; --node) {
      largest_[node] = std::max(largest_[2 * node], largest_[2 * node + 1]);
    }
  }

  GapGrant take(std::size_t need) override {
    if (leaves_ == 0 || largest_[1] < need) {
      return {};
    }
    std::size_t node = 1;
    while (node < leaves_) {
      node = 2 * node + (largest_[2 * node] >= need ? 0 : 1);
    }
    AddressRange& gap = gaps_[node - leaves_];
    const AddressRange taken{gap.base, gap.base + need};
    gap.base = taken.limit;
    bytes_ -= need;
    for (largest_[node] = gap.bytes(), node /= 2; node > 0; node /= 2) {
      largest_[node] = std::max(largest_[2 * node], largest_[2 * node + 1]);
    }
    return {taken, gap};
  }

  /// take() gives what was asked for, so only a chunk that was never used comes back.
  bool give_back(AddressRange tail) override {
    add({&tail, 1});
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  std::vector<AddressRange> gaps_;
  std::vector<std::size_t> largest_;
  std::size_t leaves_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_first_fit() {
  return {"first_fit", "each object in the lowest gap it fits in",
          "address-ordered first fit (Knuth, TAOCP 2.5)",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<FirstFit>()); }};
}

}  // namespace pinlab::heap
