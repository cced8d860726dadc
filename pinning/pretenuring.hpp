// Which sites' objects are worth a place in the pinned space from birth: those with pinned objects
// at two different collections. One pin that outlasts both will do; a site once chosen stays so.
//
// One thread's.
#pragma once

#include "pinning/pin_site.hpp"

#include <cstdint>
#include <vector>

namespace pinlab::pinning {

class Pretenuring {
 public:
  /// An object was pinned by the site at a collection, which has this number.
  void saw(SiteId site, std::uint64_t collection) {
    if (site >= sites_.size()) {
      sites_.resize(site + std::size_t{1});
    }
    Seen& seen = sites_[site];
    if (seen.collections == 0 || seen.last != collection) {
      seen.last = collection;
      chosen_ += ++seen.collections == kCollections ? 1U : 0U;
    }
  }

  [[nodiscard]] bool is_pretenured(SiteId site) const {
    return site < sites_.size() && sites_[site].collections >= kCollections;
  }
  /// How many sites are.
  [[nodiscard]] std::uint64_t chosen() const { return chosen_; }

 private:
  static constexpr std::uint64_t kCollections = 2;

  struct Seen {
    std::uint64_t last = 0;
    std::uint64_t collections = 0;  ///< different ones
  };

  std::vector<Seen> sites_;
  std::uint64_t chosen_ = 0;
};

}  // namespace pinlab::pinning
