#include "pinning/pin_ledger.hpp"

#include "heap/support/expects.hpp"

#include <algorithm>

namespace pinlab::pinning {

void PinLedger::come(SiteId site, Time time, std::uint64_t granules) {
  if (site >= sites_.size()) {
    sites_.resize(std::size_t{site} + 1);
  }
  Site& entry = sites_[site];
  ++entry.pins;
  entry.granules += granules;
  if (entry.groups.size() == entry.settled || entry.groups.back().time != time) {
    entry.groups.push_back({time, 0});
  }
  ++entry.groups.back().pins;
  ++age_of(time.collections).pins;
}

void PinLedger::go(SiteId site, Time time, std::uint64_t granules) {
  Site& entry = sites_[site];
  const auto begin = entry.groups.begin();
  const auto limit = begin + static_cast<std::ptrdiff_t>(entry.settled);
  const auto group = std::lower_bound(begin + static_cast<std::ptrdiff_t>(entry.first), limit,
                                      time, [](const Group& a, const Time& b) { return a.time < b; });
  EXPECTS(group != limit && group->time == time && group->pins > 0);
  --group->pins;
  entry.emptied += group->pins == 0 ? 1U : 0U;
  --entry.pins;
  entry.granules -= granules;
  --age_of(time.collections).pins;
}

void PinLedger::settle() {
  for (Site& site : sites_) {
    settle(site);
  }
  std::erase_if(ages_, [](const Age& age) { return age.pins == 0; });
  last_age_ = 0;
}

// Sets are gone over one after another, so that times come in stretches that ascend.
void PinLedger::settle(Site& site) {
  const auto by_time = [](const Group& a, const Group& b) { return a.time < b.time; };
  std::vector<Group>& groups = site.groups;
  const auto come = groups.begin() + static_cast<std::ptrdiff_t>(site.settled);
  if (come != groups.end()) {
    if (!std::is_sorted(come, groups.end(), by_time)) {
      std::sort(come, groups.end(), by_time);
    }
    std::size_t last = site.settled;
    if (site.settled > 0 && !by_time(*(come - 1), *come)) {
      std::inplace_merge(groups.begin(), come, groups.end(), by_time);
      site.first = 0;
      last = 0;
    }
    for (std::size_t i = last + 1; i < groups.size(); ++i) {
      if (groups[i].time == groups[last].time) {
        groups[last].pins += groups[i].pins;
      } else {
        groups[++last] = groups[i];
      }
    }
    groups.resize(last + 1);
  }
  while (site.first < groups.size() && groups[site.first].pins == 0) {
    ++site.first;
  }
  if (2 * site.emptied > groups.size()) {
    std::erase_if(groups, [](const Group& group) { return group.pins == 0; });
    site.first = 0;
    site.emptied = 0;
  }
  site.settled = groups.size();
}

PinLedger::Age& PinLedger::age_of(std::uint32_t collections) {
  if (last_age_ >= ages_.size() || ages_[last_age_].collections != collections) {
    const auto at = std::lower_bound(
        ages_.begin(), ages_.end(), collections,
        [](const Age& age, std::uint32_t sought) { return age.collections < sought; });
    last_age_ = static_cast<std::size_t>(at - ages_.begin());
    if (at == ages_.end() || at->collections != collections) {
      ages_.insert(at, {collections, 0});
    }
  }
  return ages_[last_age_];
}

}  // namespace pinlab::pinning
