// Address-ordered next fit: the search goes on where the last one ended, and round.
#include "heap/gap_reuse/gap_tree.hpp"

namespace pinlab::heap {

namespace {

class NextFit final : public GapReuse {
 public:
  void clear() override { tree_.clear(); }
  void add(std::span<const AddressRange> gaps) override { tree_.add(gaps); }

  GapGrant take(std::size_t need) override {
    std::size_t found = tree_.find(tree_.index_above(rover_), need);
    if (found == tree_.size()) {
      found = tree_.find(0, need);
    }
    if (found == tree_.size()) {
      return {};
    }
    const GapGrant grant = tree_.cut(found, need);
    rover_ = grant.taken.limit;
    return grant;
  }

  bool give_back(AddressRange tail) override {
    tree_.add({&tail, 1});
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return tree_.bytes(); }

 private:
  GapTree tree_;
  Address rover_;  ///< the end of what was taken last; collections do not move it
};

}  // namespace

Named<GapReuse> gap_reuse_next_fit() {
  return {"next_fit", "each object in the next gap it fits in, from the last one on",
          "next fit with a roving pointer (Knuth, TAOCP 2.5, exercise 6)",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<NextFit>()); }};
}

}  // namespace pinlab::heap
