// How a runtime is built: the collector's share of the parameters (results/README.md has the
// table).
#pragma once

#include "pinning/pin_set.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace pinlab::collector {

enum class VerifyLevel : std::uint8_t { none, cheap, full, paranoid };
enum class VerifyWhen : std::uint8_t { after, before_after };
/// Whether nursery_survivals always holds, or drops to 0 after a young collection that most
/// survived, as HotSpot lowers its tenuring threshold when the survivors are too many to copy
/// twice.
enum class Tenuring : std::uint8_t { adaptive, fixed };
/// How much of the old generation a full collection may move: what pays for itself, or everything.
enum class CompactEffort : std::uint8_t { adaptive, exhaustive };

/// Sizes in bytes. Names are those of the axes' registries (`pinlab list`).
struct Options {
  std::string plan = "generational";
  std::uint64_t heap_max = std::uint64_t{1} << 30U;
  std::uint64_t heap_block = std::uint64_t{64} << 10U;    ///< a power of two, 16 KiB to 1 GiB
  std::uint64_t nursery_size = std::uint64_t{64} << 20U;  ///< 0: everything is born old
  std::uint32_t nursery_survivals = 1;                    ///< 0 to 7
  Tenuring nursery_tenuring = Tenuring::adaptive;
  std::string nursery_route = "promote_block";
  std::string old_route = "slide_around";
  std::string gap_reuse = "bump";
  std::uint64_t gap_min = 2048;  ///< a shorter gap is not offered to allocation
  std::string pin_spread = "object";
  std::uint64_t spread_line = 256;  ///< the unit of pin_spread=line
  pinning::Liveness pin_liveness = pinning::Liveness::strong;
  std::uint64_t sample_sites = 0;  ///< of pins without a site, every so many-th gets its caller's
  CompactEffort compact_effort = CompactEffort::adaptive;
  VerifyLevel verify = VerifyLevel::none;
  VerifyWhen verify_when = VerifyWhen::after;
  bool measure_census = true;      ///< every free run after each full collection
  std::uint64_t measure_pins = 1;  ///< every so many-th pin after each full collection; 0: none
  bool measure_hostage =
      true;  ///< plan each full collection that has islands a second time, without pins
  std::uint32_t measure_sites =
      4;  ///< and once more without each of the largest pin sites, at most so many
};

/// Sizes or names that make no sense, alone or together; what() is a sentence for the user.
struct OptionsError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

}  // namespace pinlab::collector
