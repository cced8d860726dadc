// Counts beside those of the sets: pins that needed nothing, by reason, and what shapes did beside
// pinning or instead of it. From any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pinlab::pinning {

/// Why a pin needed nothing. Of the first four no pin is made; the last two are made, and hold
/// their objects as any other, though nobody needs them: these are counted by their sets.
enum class Needless : std::uint8_t {
  null,           ///< no object
  foreign,        ///< outside this heap: the stack, another allocator or runtime
  static_memory,  ///< static data, constants and code of the process
  no_object,      ///< in this heap, where no object lies
  zero_size,      ///< a header alone: there is nothing that foreign code could read
  large,          ///< large objects never move
};
inline constexpr std::array<std::string_view, 6> kNeedlessNames = {
    "null", "foreign", "static", "no_object", "zero_size", "large"};

/// What shapes did beside pinning or instead of it.
enum class ShapeWork : std::uint8_t {
  handles,            ///< entries made in the table of handles
  copies,             ///< objects copied out of the heap
  copied_bytes,       ///< bytes of these
  threads,            ///< threads started to be parked
  slots_nulled,       ///< foreign slots that an unpin set to null
  critical_sections,  ///< sections that held back the collector
  marked,             ///< objects marked to let pins flow through
  flowed,             ///< pins that flowed to an object from one that refers to it
  released,           ///< pins of sets that were lost, and whose rule is to release in silence
};
inline constexpr std::array<std::string_view, 9> kShapeWorkNames = {
    "handles",           "copies", "copied_bytes", "threads", "slots_nulled",
    "critical_sections", "marked", "flowed",       "released"};

template <class Key, std::size_t kSize>
class TallyOf {
 public:
  using Values = std::array<std::uint64_t, kSize>;

  void add(Key key, std::uint64_t count = 1) {
    counts_[static_cast<std::size_t>(key)].fetch_add(count, std::memory_order_relaxed);
  }
  [[nodiscard]] Values values() const {
    Values values{};
    for (std::size_t i = 0; i < kSize; ++i) {
      values[i] = counts_[i].load(std::memory_order_relaxed);
    }
    return values;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kSize> counts_{};
};
using NeedlessTally = TallyOf<Needless, kNeedlessNames.size()>;
using ShapeWorkTally = TallyOf<ShapeWork, kShapeWorkNames.size()>;

}  // namespace pinlab::pinning
