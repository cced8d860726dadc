// What the parameters pin.* say about the pins of a run: which objects, how many, when, for how
// long.
#pragma once

#include "heap/support/parameter.hpp"
#include "pinning/boundary.hpp"
#include "pinning/pin_limit.hpp"
#include "collector/options.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pinlab::workloads {

/// How long a pin lasts: lengths in bytes allocated by the program.
using PinLifetime = heap::Distribution;

/// What becomes of a pin that the program forgets to end, when its time has come.
enum class PinLeakKind : std::uint8_t {
  none,         ///< it ends
  unreachable,  ///< what holds it is lost: how that is found is the shape's rule
  global,       ///< a global holds it, and nobody thinks of it
  self,         ///< the object that it pins holds it: a struct with its own Pinner in it
};
inline constexpr std::array<std::string_view, 4> kPinLeakKindNames = {"none", "unreachable",
                                                                      "global", "self"};

/// At most one of `share`, `count` and `rate` is not 0; all 0: no pins.
struct PinPressureOptions {
  std::uint64_t share = 0;  ///< the chance that an object is pinned at the age, in billionths
  std::uint64_t count = 0;  ///< or the number of pins held at any time
  std::uint64_t rate = 0;   ///< or pins for each GiB allocated
  PinLifetime lifetime = {};
  std::uint32_t age = 0;           ///< collections survived before the pin
  bool age_old = false;            ///< or: once it is out of the nursery
  collector::PinPlacement placement = collector::PinPlacement::anywhere;
  std::uint32_t batch = 1;         ///< pins that are made one after another and end together
  std::string target = "uniform";  ///< uniform; site: see site_pattern; size: a range; io
  std::string site_pattern = {};   ///< of an allocation site's name or call stack, see matches()
  std::uint64_t size_least = 0;    ///< of the whole object, header included
  std::uint64_t size_most = ~std::uint64_t{0};
  std::string shape = "pinner";
  std::uint64_t seed = 1;
  std::uint64_t limit = 0;           ///< pins that may be held, and so many more
  std::uint64_t limit_per_call = 0;  ///< for each open scope; 0 and 0: there is no limit
  pinning::LimitAnswer limit_answer = pinning::LimitAnswer::crash;

  std::uint64_t early = 0;  ///< a pin ends so long before foreign code's last access,
  std::uint64_t late = 0;   ///< or so long after it: in bytes allocated
  PinLeakKind leak = PinLeakKind::none;
  std::uint64_t leak_share = heap::kBillion;  ///< of the pins, in billionths
  pinning::StoreCheck store_check = pinning::StoreCheck::off;
  std::uint64_t site_sampling = 1;  ///< every so many-th pin carries its site; 0: none
  std::uint64_t parents = 0;        ///< the chance that an object's slots cannot be updated

  [[nodiscard]] bool any() const { return share != 0 || count != 0 || rate != 0; }
};

/// Throws collector::OptionsError, with a sentence, where they contradict each other or name what
/// is not there.
void check_pin_options(const PinPressureOptions& options);

/// Whether the whole of `text` matches: * stands for any characters, ? for one; all others,
/// brackets included, for themselves.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

}  // namespace pinlab::workloads
