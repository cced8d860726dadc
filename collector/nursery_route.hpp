// The axis of nursery routes: what a young collection does with a block that holds islands.
//
// A route is six small decisions, each made once a pause or once a block; everything else is shared
// (collector/young.hpp): may a collection begin; how do survivors travel; what of a block with pins
// may be copied out; is a block worth sliding; what becomes of a block in which something stayed,
// and with it who may use its gaps, in which generation, and how old its islands are.
#pragma once

#include "heap/support/named.hpp"
#include "pinning/pin_registry.hpp"
#include "collector/options.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace pinlab::collector {

/// Whether a collection may begin now; if not, what its request does until pins end.
enum class Admission : std::uint8_t { now, wait, wait_or_give_up, hold_back };

/// How what is alive in the nursery leaves it.
enum class Motion : std::uint8_t {
  copy,   ///< to other blocks, in one pass
  stay,   ///< nothing moves but what evacuate() says, survivors are old where they are
  slide,  ///< marked, then moved to lower addresses of the same blocks, around the islands
};

/// What of a block may be copied out of it. Islands never may.
enum class Evacuation : std::uint8_t {
  all_but_islands,
  by_class,
  none,
  none_dead_or_alive,  ///< and what is dead counts as alive (Bartlett's page)
};

/// What becomes of a nursery block in which something stayed.
enum class Fate : std::uint8_t {
  old,            ///< it is old, and nobody allocates in its gaps
  old_with_gaps,  ///< it is old, and its gaps are offered to old allocation
  nursery_gaps,   ///< it stays a nursery block, and its gaps are the next nursery's
  demoted,  ///< the same, its islands are as young as new ones, and it uses up no nursery.size
  closed,   ///< it stays a nursery block, and nobody allocates in its gaps
  retry,    ///< the same, and what may move at the next young collection is promoted
  mixed,    ///< what is in it is old, and its gaps are the next nursery's
};

/// A nursery block before its collection.
struct CondemnedBlock {
  heap::Block block;
  std::uint64_t bytes = 0;  ///< of the block
  std::uint64_t old = 0;    ///< bytes of old objects in it (Fate::mixed)
  std::uint64_t order = 0;  ///< how many blocks were asked about before, in this collection
};

/// A nursery block after its collection; bytes.
struct BlockCensus {
  heap::Block block;
  std::uint64_t bytes = 0;  ///< of the block
  std::uint64_t live = 0;   ///< that stayed or came
  std::uint64_t pins = 0;   ///< pinned objects
  std::uint64_t pinned = 0;
  std::uint64_t largest_pinned = 0;
  unsigned age = 0;              ///< young collections that it kept islands through before this one
  unsigned survivals = 0;        ///< so many make an object old
  bool above_survivors = false;  ///< of a slide: no survivor was placed in it or above it
};

/// The nursery after its collection; bytes.
struct NurseryCensus {
  std::uint64_t survivors = 0;
  std::uint64_t pinned_above = 0;  ///< of a slide: in blocks above the survivors
  std::uint64_t space_above = 0;   ///< of these blocks
};

/// Of `whole`, at least `share` billionths. False for share 0.
[[nodiscard]] bool is_share(std::uint64_t part, std::uint64_t share, std::uint64_t whole);

class NurseryRoute {
 public:
  NurseryRoute() = default;
  NurseryRoute(const NurseryRoute&) = delete;
  NurseryRoute& operator=(const NurseryRoute&) = delete;
  virtual ~NurseryRoute() = default;

  /// The parameters that are variants of this route, of those that only some routes have.
  [[nodiscard]] virtual std::span<const std::string_view> variants() const { return {}; }
  /// What of the options the route fixes. The default: nothing.
  virtual void settle(Options& /*options*/) const {}
  void configure(const NurseryVariants& variants) { variants_ = variants; }

  /// Asked before every collection, young or full.
  [[nodiscard]] virtual Admission admit(const pinning::PinRegistry& /*pins*/) const {
    return Admission::now;
  }
  /// Asked once a young collection. Before a full collection, which compacts, slide is stay.
  [[nodiscard]] virtual Motion motion(std::uint32_t /*free_blocks*/) const { return Motion::copy; }
  /// Asked of every block with pins, under Motion::stay of every block.
  [[nodiscard]] virtual Evacuation evacuate(const CondemnedBlock& /*block*/) const {
    return Evacuation::all_but_islands;
  }
  /// Under Motion::slide: whether what is alive in a block moves, and its gaps are filled.
  [[nodiscard]] virtual bool slides(const BlockCensus& /*marked*/) const { return true; }
  /// Whether the gaps of old blocks are the nursery's after a full collection (with Fate::mixed).
  [[nodiscard]] virtual bool bears_between_old() const { return false; }
  /// Of a nursery block in which something stayed. Before a full collection every such block
  /// becomes old_with_gaps instead, so that one space is left to compact.
  [[nodiscard]] virtual Fate fate(const BlockCensus& block, const NurseryCensus& nursery) const = 0;

 protected:
  [[nodiscard]] const NurseryVariants& chosen() const { return variants_; }

 private:
  NurseryVariants variants_;
};

/// The routes, in the order of collector/meson.build.
[[nodiscard]] std::span<const heap::Named<NurseryRoute>> nursery_routes();
/// The parameters that only some routes have, each named by variants() of at least one.
[[nodiscard]] std::span<const std::string_view> nursery_variant_names();

}  // namespace pinlab::collector
