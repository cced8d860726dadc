#include "heap/support/wide.hpp"
#include "collector/compact_rule.hpp"

#include <algorithm>
#include <array>

namespace pinlab::collector {

#define PINLAB_NAMED(name) heap::Named<CompactRule> compact_rule_##name();
#include "compact_rules.inc"
#undef PINLAB_NAMED

std::span<const heap::Named<CompactRule>> compact_rules() {
#define PINLAB_NAMED(name) compact_rule_##name(),
  static const auto entries = std::to_array<heap::Named<CompactRule>>({
#include "compact_rules.inc"
  });
#undef PINLAB_NAMED
  return entries;
}

std::span<const std::string_view> compact_variant_names() {
  static constexpr auto kNames =
      std::to_array<std::string_view>({"compact.stop_share", "compact.heap_share"});
  return kNames;
}

std::uint64_t CompactSituation::free_share() const {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  return used == 0 ? 0 : static_cast<std::uint64_t>(heap::Wide{used - live} * kBillion / used);
}

bool is_fragmented(const CompactSituation& situation, const CompactVariants& variants) {
  return situation.used - situation.live >= variants.least_free &&
         situation.free_share() >= variants.least_share;
}

bool CompactDecision::compacts(const heap::Heap& heap,
                               std::span<const OldBlockCensus> blocks,
                               CompactEffort effort) {
  if (decision_) {
    return *decision_;
  }
  CompactSituation situation{.heap_max = heap.max_bytes(),
                             .used_before = used_before_,
                             .compacted_before = compacted_before_};
  islands_ = 0;
  for (const OldBlockCensus& block : blocks) {
    situation.used += block.live > 0 ? heap.block_bytes() : 0;
    situation.live += block.live;
    islands_ += block.islands;
  }
  used_blocks_ = situation.used / heap.block_bytes();
  decision_ = effort == CompactEffort::exhaustive ||
              (rule_->compacts(situation, variants_) && !is_given_up(islands_));
  return *decision_;
}

bool CompactDecision::is_given_up(std::uint64_t islands) {
  if (variants_.give_up == 0 || futile_ < variants_.give_up) {
    return false;
  }
  if (islands < futile_islands_) {
    futile_ = 0;
  }
  return futile_ > 0;
}

bool CompactDecision::settle(const heap::Heap& heap) {
  const bool compacted = decision_.value_or(false);
  if (compacted) {
    const bool futile = heap.used_blocks() >= used_blocks_;
    futile_islands_ = futile_ == 0 ? islands_ : std::min(futile_islands_, islands_);
    futile_ = futile ? futile_ + 1 : 0;
  }
  compacted_before_ = compacted;
  used_before_ = heap.used_blocks() * heap.block_bytes();
  decision_.reset();
  return compacted;
}

}  // namespace pinlab::collector
