// R2: gaps are filled one after another, by address, bumping in each; the tail that the next object
// does not fit in is lost until the next full collection.
#include "heap/gap_reuse/bump_gaps.hpp"

namespace pinlab::heap {

namespace {

class Bump final : public GapReuse {
 public:
  void clear() override { gaps_.clear(); }
  void add(std::span<const AddressRange> gaps) override { gaps_.add(gaps); }
  GapGrant take(std::size_t need) override { return {gaps_.take(need), {}}; }
  bool give_back(AddressRange /*tail*/) override { return false; }
  [[nodiscard]] std::uint64_t bytes() const override { return gaps_.bytes(); }

 private:
  BumpGaps gaps_;
};

}  // namespace

Named<GapReuse> gap_reuse_bump() {
  return {"bump", "bump allocation in one gap after another, tails are lost",
          "R2; SGen's nursery fragments",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<Bump>()); }};
}

}  // namespace pinlab::heap
