// O1: what may move slides to lower addresses in address order, around the islands.
#include "collector/old_route.hpp"

namespace pinlab::collector {

namespace {

class SlideAround final : public OldRoute {
 public:
  [[nodiscard]] SourceList choose_sources(const SourceChoice& choice) const override {
    return worthwhile({choice.blocks.begin(), choice.blocks.end()}, choice);
  }
};

}  // namespace

heap::Named<OldRoute> old_route_slide_around() {
  return {"slide_around", "survivors slide to lower addresses, around the islands",
          "O1; CoreCLR's plan phase",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<SlideAround>()); }};
}

}  // namespace pinlab::collector
