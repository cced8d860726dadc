// R2: gaps are filled one after another, by address, bumping in each; the tail that the next object
// does not fit in is lost until the next full collection.
#include "heap/gap_reuse.hpp"

#include <array>
#include <bit>

namespace pinlab::heap {

namespace {

class Bump final : public GapReuse {
 public:
  void clear() override {
    gaps_.clear();
    next_.fill(0);
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override {
    for (const AddressRange gap : gaps) {
      gaps_.push_back(gap);
      bytes_ += gap.bytes();
    }
  }

  /// One position for each power of two of `need`, so that a large request does not use up the list
  /// for small ones, and nobody walks a gap twice.
  GapGrant take(std::size_t need) override {
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
    return {};
  }

  bool give_back(AddressRange /*tail*/) override { return false; }
  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  std::vector<AddressRange> gaps_;
  std::array<std::size_t, 64> next_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_bump() {
  return {"bump", "bump allocation in one gap after another, tails are lost",
          "R2; SGen's nursery fragments",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<Bump>()); }};
}

}  // namespace pinlab::heap
