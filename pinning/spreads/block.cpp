// Every object of the block stays.
#include "pinning/spread.hpp"

namespace pinlab::pinning {

namespace {

class Block final : public Spread {
 public:
  [[nodiscard]] heap::AddressRange reach(heap::AddressRange /*object*/,
                                         heap::AddressRange block,
                                         const SpreadUnits& /*units*/) const override {
    return block;
  }
};

}  // namespace

heap::Named<Spread> spread_block() {
  return {"block", "every object of a block with a pin stays",
          "Bartlett's pages, G1 regions, SGen blocks",
          [] { return std::unique_ptr<Spread>(std::make_unique<Block>()); }};
}

}  // namespace pinlab::pinning
