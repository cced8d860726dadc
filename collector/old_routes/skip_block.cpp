// O2: a block with an island is neither source nor destination; the others slide.
#include "collector/old_route.hpp"

namespace pinlab::collector {

namespace {

class SkipBlock final : public OldRoute {
 public:
  [[nodiscard]] SourceList choose_sources(const SourceChoice& choice) const override {
    std::vector<OldBlockCensus> candidates(choice.blocks.begin(), choice.blocks.end());
    std::erase_if(candidates, [](const OldBlockCensus& block) { return block.islands > 0; });
    return worthwhile(std::move(candidates), choice);
  }
};

}  // namespace

heap::Named<OldRoute> old_route_skip_block() {
  return {"skip_block", "blocks with islands are left as they are, the others slide",
          "O2; SGen, G1 full collections, Shenandoah",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<SkipBlock>()); }};
}

}  // namespace pinlab::collector
