#include "pinning/pin_ledger.hpp"

#include <algorithm>

namespace pinlab::pinning {

void PinLedger::enter(SiteId site, Time time, std::int64_t pins, std::int64_t granules) {
  if (site >= sites_.size()) {
    sites_.resize(std::size_t{site} + 1);
  }
  Site& entry = sites_[site];
  entry.pins += pins;
  entry.granules += granules;
  age_of(time.collections).pins += pins;
  const auto limit = entry.groups.begin() + static_cast<std::ptrdiff_t>(entry.settled);
  const auto group = std::lower_bound(
      entry.groups.begin(), limit, time.collections,
      [](const Group& a, std::uint32_t sought) { return a.time.collections < sought; });
  if (group == limit || group->time.collections != time.collections) {
    entry.groups.push_back({time, pins});
    return;
  }
  add(*group, {time, pins});
  entry.emptied += group->pins == 0 ? 1U : 0U;
  entry.first = std::min(entry.first, static_cast<std::size_t>(group - entry.groups.begin()));
}

void PinLedger::add(Group& group, const Group& more) {
  group.time.since = std::min(group.time.since, more.time.since);
  group.pins += more.pins;
}

void PinLedger::settle() {
  for (Site& site : sites_) {
    settle(site);
  }
  std::erase_if(ages_, [](const Age& age) { return age.pins == 0; });
  last_age_ = 0;
}

// Groups of the same time become one, and those without pins none.
void PinLedger::join(std::vector<Group>& groups, std::size_t begin) {
  std::size_t end = begin;
  for (std::size_t i = begin; i < groups.size(); ++i) {
    if (end > begin && groups[end - 1].time.collections == groups[i].time.collections) {
      add(groups[end - 1], groups[i]);
    } else {
      end -= end > begin && groups[end - 1].pins == 0 ? 1U : 0U;
      groups[end++] = groups[i];
    }
  }
  end -= end > begin && groups[end - 1].pins == 0 ? 1U : 0U;
  groups.resize(end);
}

// Accounts are hashed, and several may have pins of the same time.
void PinLedger::settle(Site& site) {
  const auto by_time = [](const Group& a, const Group& b) {
    return a.time.collections < b.time.collections;
  };
  std::vector<Group>& groups = site.groups;
  const auto come = groups.begin() + static_cast<std::ptrdiff_t>(site.settled);
  if (come != groups.end()) {
    if (!std::is_sorted(come, groups.end(), by_time)) {
      std::sort(come, groups.end(), by_time);
    }
    std::size_t begin = site.settled;
    if (begin > 0 && !by_time(*(come - 1), *come)) {
      std::inplace_merge(groups.begin(), come, groups.end(), by_time);
      site.first = 0;
      site.emptied = 0;
      begin = 0;
    }
    join(groups, begin);
  }
  while (site.first < groups.size() && groups[site.first].pins <= 0) {
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
