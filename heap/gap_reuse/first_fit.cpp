// Address-ordered first fit: every object goes to the lowest gap that it fits in, exactly.
#include "heap/gap_reuse/gap_tree.hpp"

namespace pinlab::heap {

namespace {

class FirstFit final : public GapReuse {
 public:
  void clear() override { tree_.clear(); }
  void add(std::span<const AddressRange> gaps) override { tree_.add(gaps); }

  GapGrant take(std::size_t need) override {
    const std::size_t found = tree_.find(0, need);
    return found == tree_.size() ? GapGrant{} : tree_.cut(found, need);
  }

  /// take() gives what was asked for, so only a chunk that was never used comes back.
  bool give_back(AddressRange tail) override {
    tree_.add({&tail, 1});
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return tree_.bytes(); }

 private:
  GapTree tree_;
};

}  // namespace

Named<GapReuse> gap_reuse_first_fit() {
  return {"first_fit", "each object in the lowest gap it fits in",
          "address-ordered first fit (Knuth, TAOCP 2.5)",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<FirstFit>()); }};
}

}  // namespace pinlab::heap
