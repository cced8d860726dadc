#include "collector/pin_census.hpp"

#include "collector/phase_timer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>

namespace pinlab::collector {

using pinning::PinSet;

namespace {

class PinCensus {
 public:
  PinCensus(PauseReport& report, std::uint64_t every, std::uint32_t collections)
      : report_(report), every_(every), collections_(collections) {}

  void see(const PinSet::Note& note) {
    if (skip_ > 0) {
      --skip_;
      return;
    }
    skip_ = every_ - 1;
    add(note);
  }

  void finish() {
    for (std::size_t site = 0; site < by_site_.size(); ++site) {
      if (by_site_[site].pins > 0) {
        by_site_[site].site = static_cast<std::uint32_t>(site);
        report_.sites.push_back(by_site_[site]);
      }
    }
  }

 private:
  void add(const PinSet::Note& note) {
    if (note.site >= by_site_.size()) {
      by_site_.resize(note.site + std::size_t{1});
    }
    const std::uint64_t age = collections_ - note.collections;
    SiteHostage& site = by_site_[note.site];
    site.pins += every_;
    site.pinned_bytes += every_ * note.bytes();
    if (age > site.oldest_collections) {
      site.oldest_collections = age;
      site.oldest_since = note.since;
    } else if (age == site.oldest_collections) {
      site.oldest_since = std::min(site.oldest_since, note.since);
    }
    report_.pin_ages[static_cast<std::size_t>(std::bit_width(age | 1U)) - 1] += every_;
  }

  PauseReport& report_;
  std::uint64_t every_;
  std::uint32_t collections_;
  std::uint64_t skip_ = 0;
  std::vector<SiteHostage> by_site_;
};

}  // namespace

void census_pins(Generations& generations, PauseReport& report) {
  const std::uint64_t every = generations.options.measure_pins;
  generations.pins.settle_changes();
  if (every == 0) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::census);
  PinCensus census(report, every, generations.pins.collections());
  generations.pins.for_each_set([&](PinSet& set) {
    const std::lock_guard lock(set.lock());
    for (const PinSet::Note& note : set.notes()) {
      census.see(note);
    }
  });
  census.finish();
}

}  // namespace pinlab::collector
