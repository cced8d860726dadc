// R3: one list of gaps; a gap that a request does not fit in is unlinked on the way to one that it
// fits in, and lost until the next full collection. Tails go to the front of the list.
#include "heap/gap_reuse.hpp"

#include <deque>

namespace pinlab::heap {

namespace {

class FirstFitBurn final : public GapReuse {
 public:
  void clear() override {
    gaps_.clear();
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override {
    for (const AddressRange& gap : gaps) {
      gaps_.push_back(gap);
      bytes_ += gap.bytes();
    }
  }

  GapGrant take(std::size_t need) override {
    while (!gaps_.empty()) {
      const AddressRange gap = gaps_.front();
      gaps_.pop_front();
      bytes_ -= gap.bytes();
      if (gap.bytes() >= need) {
        return {gap, {}};
      }
    }
    return {};
  }

  bool give_back(AddressRange tail) override {
    gaps_.push_front(tail);
    bytes_ += tail.bytes();
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  std::deque<AddressRange> gaps_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_first_fit_burn() {
  return {"first_fit_burn", "one list, first fit; gaps that do not fit are unlinked and lost",
          "R3; CoreCLR's generation 0 allocator",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<FirstFitBurn>()); }};
}

}  // namespace pinlab::heap
