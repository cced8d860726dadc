// Who pins, and since when: the pins that were there when somebody last looked, by site and by
// time. What comes and goes is entered, so that a look costs what changed, not what is there.
//
// Pins are told apart by what collections they were made between, not by their clocks: of these
// there are as many as pins.
//
// Invariants, after settle(): (1) a site's groups ascend by collections, without two of the same;
// (2) the pins of a site's groups sum up to the site's. A group is below zero while the end of a
// pin is known and its beginning is not, as where a foreign thread pins during a look. Not
// thread-safe.
#pragma once

#include "pinning/pin_site.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pinlab::pinning {

class PinLedger {
 public:
  /// The pins of a site between two collections: how many had been before, and the allocation clock
  /// of the first of these pins, whether it still stands or not.
  struct Time {
    std::uint32_t collections = 0;
    std::uint64_t since = 0;

    friend bool operator==(const Time&, const Time&) = default;
  };
  struct Totals {
    std::uint64_t pins = 0;
    std::uint64_t granules = 0;
    Time oldest;
  };

  /// So many more pins, of so many granules, made at a time; or fewer.
  void enter(SiteId site, Time time, std::int64_t pins, std::int64_t granules);
  void settle();

  /// visit(SiteId, Totals) for each site that has pins, ascending. REQUIRES settle().
  template <class Visit>
  void for_each_site(Visit&& visit) const {
    for (std::size_t site = 0; site < sites_.size(); ++site) {
      if (sites_[site].pins > 0) {
        const Site& has = sites_[site];
        visit(static_cast<SiteId>(site),
              Totals{static_cast<std::uint64_t>(has.pins), static_cast<std::uint64_t>(has.granules),
                     has.groups[has.first].time});
      }
    }
  }
  /// visit(collections, pins) for pins made after so many collections, ascending.
  template <class Visit>
  void for_each_age(Visit&& visit) const {
    for (const Age& age : ages_) {
      if (age.pins > 0) {
        visit(age.collections, static_cast<std::uint64_t>(age.pins));
      }
    }
  }

 private:
  struct Group {
    Time time;
    std::int64_t pins = 0;
  };
  struct Site {
    std::int64_t pins = 0;
    std::int64_t granules = 0;
    std::vector<Group> groups;
    std::size_t first = 0;    ///< of the groups that have pins
    std::size_t emptied = 0;  ///< groups that lost their last pin and may still be there
    std::size_t settled = 0;  ///< groups from here on came since
  };
  struct Age {
    std::uint32_t collections = 0;
    std::int64_t pins = 0;
  };

  static void add(Group& group, const Group& more);
  static void settle(Site& site);
  static void join(std::vector<Group>& groups, std::size_t begin);
  [[nodiscard]] Age& age_of(std::uint32_t collections);

  std::vector<Site> sites_;
  std::vector<Age> ages_;  ///< ascending
  std::size_t last_age_ = 0;
};

}  // namespace pinlab::pinning
