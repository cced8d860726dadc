#include "collector/pin_census.hpp"

#include "collector/phase_timer.hpp"

#include <bit>

namespace pinlab::collector {

using pinning::PinLedger;

void census_pins(Generations& generations, PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::census);
  const std::uint64_t every = generations.pins.ledger_period();
  const std::uint32_t collections = generations.pins.collections();
  const PinLedger& ledger = generations.pins.settled_ledger();
  ledger.for_each_site([&](pinning::SiteId site, const PinLedger::Totals& totals) {
    report.sites.push_back({.site = site,
                            .pins = every * totals.pins,
                            .pinned_bytes = (every * totals.granules) << heap::kGranuleShift,
                            .oldest_since = totals.oldest.since,
                            .oldest_collections = collections - totals.oldest.collections});
  });
  ledger.for_each_age([&](std::uint32_t made, std::uint64_t pins) {
    const std::uint64_t age = collections - made;
    report.pin_ages[static_cast<std::size_t>(std::bit_width(age | 1U)) - 1] += every * pins;
  });
}

}  // namespace pinlab::collector
