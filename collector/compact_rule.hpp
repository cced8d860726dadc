// The axis of compact rules: whether a full collection compacts at all. What it moves then is the
// old route's decision.
#pragma once

#include "heap/heap.hpp"
#include "heap/support/named.hpp"
#include "collector/old_route.hpp"
#include "collector/options.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace pinlab::collector {

/// The old generation as marking found it, in bytes.
struct CompactSituation {
  std::uint64_t used = 0;  ///< blocks in which something lives
  std::uint64_t live = 0;  ///< in these
  std::uint64_t heap_max = 0;
  std::uint64_t used_before = 0;  ///< after the full collection before
  bool compacted_before = false;  ///< that one

  /// Of what is used, so much is free, in billionths, rounded down.
  [[nodiscard]] std::uint64_t free_share() const;
};

class CompactRule {
 public:
  CompactRule() = default;
  CompactRule(const CompactRule&) = delete;
  CompactRule& operator=(const CompactRule&) = delete;
  virtual ~CompactRule() = default;

  /// The parameters that this rule takes, of those that only some rules have.
  [[nodiscard]] virtual std::span<const std::string_view> variants() const { return {}; }
  [[nodiscard]] virtual bool compacts(const CompactSituation& situation,
                                      const CompactVariants& variants) const = 0;
};

/// The rules, in the order of collector/meson.build.
[[nodiscard]] std::span<const heap::Named<CompactRule>> compact_rules();
/// The parameters that only some rules have, each named by variants() of at least one.
[[nodiscard]] std::span<const std::string_view> compact_variant_names();
/// What most rules begin with: enough is free in used blocks, in bytes and as a share.
[[nodiscard]] bool is_fragmented(const CompactSituation& situation,
                                 const CompactVariants& variants);

/// One full collection after another. A decision is made once for each, so that plans of what would
/// be without pins, which are compared with it, are plans of the same kind.
class CompactDecision {
 public:
  CompactDecision(std::unique_ptr<CompactRule> rule, const CompactVariants& variants)
      : rule_(std::move(rule)), variants_(variants) {}

  /// `blocks`: of the whole heap, what marking left. With CompactEffort::exhaustive always true.
  [[nodiscard]] bool compacts(const heap::Heap& heap,
                              std::span<const OldBlockCensus> blocks,
                              CompactEffort effort);
  /// The collection is over; false where its decision was against compacting.
  bool settle(const heap::Heap& heap);

 private:
  [[nodiscard]] bool is_given_up(std::uint64_t islands);

  std::unique_ptr<CompactRule> rule_;
  CompactVariants variants_;
  std::optional<bool> decision_;     ///< of the collection that is running
  std::uint64_t used_blocks_ = 0;    ///< when it was made
  std::uint64_t islands_ = 0;        ///< bytes of them then
  bool compacted_before_ = false;    ///< the collection before
  std::uint64_t used_before_ = 0;    ///< after it
  std::uint64_t futile_ = 0;         ///< compactions in a row that freed no block
  std::uint64_t futile_islands_ = 0;  ///< the fewest bytes of islands in these
};

}  // namespace pinlab::collector
