// Who pins what, and since when: by site and by age, at a full collection.
#pragma once

#include "collector/generations.hpp"
#include "collector/pause.hpp"

namespace pinlab::collector {

/// Fills report.sites, ascending by site, and report.pin_ages, from every n-th pin
/// (options.measure_pins). Costs as much as the sites and times of which pins came or went since
/// the last time. REQUIRES that pins of the dead have ended.
void census_pins(Generations& generations, PauseReport& report);

}  // namespace pinlab::collector
