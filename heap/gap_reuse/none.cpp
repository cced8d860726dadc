// R0: nobody allocates beside an island; the gap waits until the next compaction.
#include "heap/gap_reuse.hpp"

namespace pinlab::heap {

namespace {

class None final : public GapReuse {
 public:
  void clear() override {}
  void add(std::span<const AddressRange> /*gaps*/) override {}
  GapGrant take(std::size_t /*need*/) override { return {}; }
  bool give_back(AddressRange /*tail*/) override { return false; }
  [[nodiscard]] std::uint64_t bytes() const override { return 0; }
};

}  // namespace

Named<GapReuse> gap_reuse_none() {
  return {"none", "gaps are not allocated in until a compaction closes them", "R0; G1 (JEP 423)",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<None>()); }};
}

}  // namespace pinlab::heap
