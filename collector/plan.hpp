// The axis of plans: the algorithm as a whole. A plan says where new objects go and which
// collection comes next; the collections themselves are shared.
#pragma once

#include "heap/support/named.hpp"
#include "collector/generations.hpp"
#include "collector/options.hpp"
#include "collector/pause.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace pinlab::collector {

/// What to do when there is no memory to give.
enum class Next : std::uint8_t { young, full, exhausted };

class Plan {
 public:
  Plan() = default;
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  virtual ~Plan() = default;

  /// What of the options the plan fixes. The default: nothing.
  virtual void settle(Options& /*options*/) const {}
  /// Memory for new objects, at least `need` bytes, without collecting; empty where there is
  /// none.
  [[nodiscard]] virtual heap::AddressRange take(Generations& generations, std::size_t need) = 0;
  /// The same while no collection may begin: what take() would have left for collections.
  [[nodiscard]] virtual heap::AddressRange grow(Generations& /*generations*/,
                                                std::size_t /*need*/) {
    return {};
  }
  /// Which collection could help a request that take() refused.
  [[nodiscard]] virtual Next next(const Generations& generations) const = 0;
  /// Whether a full collection leaves exact live bits behind.
  [[nodiscard]] virtual bool marks_live() const { return true; }
  /// One pause. `kind` is a wish: a plan without the kind does what it has.
  virtual void collect(Generations& generations,
                       const RootSet& roots,
                       PauseKind kind,
                       CompactEffort effort,
                       PauseReport& report) = 0;
};

/// The plans, in the order of collector/meson.build.
[[nodiscard]] std::span<const heap::Named<Plan>> plans();

/// What the chosen plan, and the chosen nursery route, fix of the options. Names that are no
/// members of their axes are left to whoever looks them up.
void settle_options(Options& options);

/// Why the options cannot have the pinned space that their pin_placement needs, and what they could
/// have instead; empty where they can. REQUIRES settled options.
[[nodiscard]] std::string why_no_pinned_space(const Options& options);

/// What all plans with two generations share; also the plan `generational` itself.
class TwoGenerations : public Plan {
 public:
  [[nodiscard]] heap::AddressRange take(Generations& generations, std::size_t need) override;
  /// Objects are born old in any block that is free.
  [[nodiscard]] heap::AddressRange grow(Generations& generations, std::size_t need) override;
  [[nodiscard]] Next next(const Generations& generations) const override;
  void collect(Generations& generations,
               const RootSet& roots,
               PauseKind kind,
               CompactEffort effort,
               PauseReport& report) override;

 private:
  [[nodiscard]] heap::AddressRange take_nursery(Generations& generations, std::size_t need);
  /// Memory for objects that are born old, for want of nursery.
  [[nodiscard]] heap::AddressRange take_degraded(Generations& generations, std::size_t need);
  void measure_nursery(const Generations& generations);

  std::uint64_t nursery_used_ = 0;       ///< of nursery.size, bytes
  std::uint64_t survival_ppm_ = 100000;  ///< of the last young collection: bytes that survived it
  std::uint64_t degraded_ = 0;  ///< bytes born old since the last collection for want of nursery
  bool cramped_ = false;        ///< islands left the nursery too little room at its last collection
};

/// What a cursor is refilled with where there is more: small enough that many mutators do not take
/// all there is.
inline constexpr std::size_t kRefillBytes = std::size_t{16} << 10U;

/// Bytes of nursery blocks.
[[nodiscard]] std::uint64_t nursery_bytes(const heap::Heap& heap);

}  // namespace pinlab::collector
