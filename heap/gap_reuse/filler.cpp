// R1: a gap is a filler until the next full collection; a gap that lies in what was one filler then
// is bumped in, one after another.
#include "heap/gap_reuse.hpp"

#include <algorithm>

namespace pinlab::heap {

namespace {

class Filler final : public GapReuse {
 public:
  void clear() override {
    settled_.swap(fillers_);
    std::ranges::sort(settled_, {}, &AddressRange::base);
    fillers_.clear();
    open_.clear();
    next_ = 0;
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override {
    for (const AddressRange& gap : gaps) {
      fillers_.push_back(gap);
      const auto filler = std::ranges::upper_bound(settled_, gap.base, {}, &AddressRange::limit);
      if (filler != settled_.end() && filler->base <= gap.base && gap.limit <= filler->limit) {
        open_.push_back(gap);
        bytes_ += gap.bytes();
      }
    }
  }

  GapGrant take(std::size_t need) override {
    for (std::size_t i = next_; i < open_.size(); ++i) {
      AddressRange& gap = open_[i];
      if (gap.bytes() >= need) {
        const AddressRange taken = gap;
        gap.base = gap.limit;
        bytes_ -= taken.bytes();
        for (; next_ < open_.size() && open_[next_].empty(); ++next_) {
        }
        return {taken, {}};
      }
    }
    return {};
  }

  bool give_back(AddressRange /*tail*/) override { return false; }
  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  std::vector<AddressRange> fillers_;  ///< gaps since the last collection
  std::vector<AddressRange> settled_;  ///< those of the collection before, ascending
  std::vector<AddressRange> open_;     ///< of this collection, in fillers of the one before
  std::size_t next_ = 0;               ///< what lies before is taken
  std::uint64_t bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_filler() {
  return {"filler", "a gap waits as a filler until the next full collection, then it is bumped in",
          "R1; V8's quarantined pages",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<Filler>()); }};
}

}  // namespace pinlab::heap
