#include "collector/pin_census.hpp"

#include "collector/phase_timer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>

namespace pinlab::collector {

using pinning::PinSet;

namespace {

constexpr std::size_t kAhead = 16;  // headers that are on their way to the cache

class PinCensus {
 public:
  PinCensus(PauseReport& report, std::uint64_t every, std::uint32_t collections)
      : report_(report), every_(every), collections_(collections) {}

  void see(const PinSet::Entry& entry) {
    if (skip_ > 0) {
      --skip_;
      return;
    }
    skip_ = every_ - 1;
    __builtin_prefetch(entry.object.address().as<void>());
    const std::size_t place = seen_++ % kAhead;
    if (seen_ > kAhead) {
      add(ahead_[place]);
    }
    ahead_[place] = entry;
  }

  void finish() {
    for (std::size_t i = 0; i < std::min(seen_, kAhead); ++i) {
      add(ahead_[i]);
    }
    for (std::size_t site = 0; site < by_site_.size(); ++site) {
      if (by_site_[site].pins > 0) {
        by_site_[site].site = static_cast<std::uint32_t>(site);
        report_.sites.push_back(by_site_[site]);
      }
    }
  }

 private:
  void add(const PinSet::Entry& entry) {
    if (entry.site >= by_site_.size()) {
      by_site_.resize(entry.site + std::size_t{1});
    }
    const std::uint64_t age = collections_ - entry.collections;
    SiteHostage& site = by_site_[entry.site];
    site.pins += every_;
    site.pinned_bytes += every_ * entry.object.bytes();
    if (age > site.oldest_collections) {
      site.oldest_collections = age;
      site.oldest_since = entry.since;
    } else if (age == site.oldest_collections) {
      site.oldest_since = std::min(site.oldest_since, entry.since);
    }
    report_.pin_ages[static_cast<std::size_t>(std::bit_width(age | 1U)) - 1] += every_;
  }

  PauseReport& report_;
  std::uint64_t every_;
  std::uint32_t collections_;
  std::uint64_t skip_ = 0;
  std::size_t seen_ = 0;
  std::array<PinSet::Entry, kAhead> ahead_{};
  std::vector<SiteHostage> by_site_;
};

}  // namespace

void census_pins(Generations& generations, PauseReport& report) {
  const std::uint64_t every = generations.options.measure_pins;
  if (every == 0) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::census);
  PinCensus census(report, every, generations.pins.collections());
  generations.pins.for_each_set([&](PinSet& set) {
    const std::lock_guard lock(set.lock());
    for (const PinSet::Entry& entry : set.entries()) {
      census.see(entry);
    }
  });
  census.finish();
}

}  // namespace pinlab::collector
