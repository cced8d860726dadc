// Best fit: every object goes to the smallest gap that it fits in, the lowest of these, exactly.
#include "heap/gap_reuse.hpp"

#include <set>
#include <utility>

namespace pinlab::heap {

namespace {

class BestFit final : public GapReuse {
 public:
  void clear() override {
    gaps_.clear();
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override {
    for (const AddressRange& gap : gaps) {
      insert(gap);
    }
  }

  GapGrant take(std::size_t need) override {
    const auto found = gaps_.lower_bound({need, Address()});
    if (found == gaps_.end()) {
      return {};
    }
    const auto [size, base] = *found;
    gaps_.erase(found);
    bytes_ -= size;
    const AddressRange rest{base + need, base + size};
    insert(rest);
    return {{base, base + need}, rest};
  }

  /// take() gives what was asked for, so only a chunk that was never used comes back.
  bool give_back(AddressRange tail) override {
    insert(tail);
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  void insert(AddressRange gap) {
    if (!gap.empty()) {
      gaps_.emplace(gap.bytes(), gap.base);
      bytes_ += gap.bytes();
    }
  }

  std::set<std::pair<std::size_t, Address>> gaps_;  ///< by size, then by address
  std::uint64_t bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_best_fit() {
  return {"best_fit", "each object in the smallest gap it fits in",
          "best fit, the lowest of equals (Knuth, TAOCP 2.5)",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<BestFit>()); }};
}

}  // namespace pinlab::heap
