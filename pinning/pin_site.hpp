// Who pins: a name for each place in the program that makes pins.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pinlab::pinning {

/// An index into the table of sites, in the order in which they were first named. 0 is "unnamed".
using SiteId = std::uint32_t;

class SiteTable {
 public:
  SiteTable() { names_.emplace_back("unnamed"); }

  /// The same name gives the same site. From any thread; not for hot paths.
  [[nodiscard]] SiteId intern(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto [entry, added] =
        index_.try_emplace(std::string(name), static_cast<SiteId>(names_.size()));
    if (added) {
      names_.emplace_back(name);
    }
    return entry->second;
  }

  [[nodiscard]] std::string name(SiteId site) const {
    const std::lock_guard lock(mutex_);
    return site < names_.size() ? names_[site] : std::string("unnamed");
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return names_.size();
  }

  /// What the site pins is written by others at any time, in pauses too, as the kernel writes into
  /// a buffer that it was given: its bytes are no promise of the collector.
  void expect_foreign_writes(SiteId site) {
    const std::lock_guard lock(mutex_);
    written_by_others_.insert(site);
  }
  [[nodiscard]] bool expects_foreign_writes(SiteId site) const {
    const std::lock_guard lock(mutex_);
    return written_by_others_.contains(site);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, SiteId> index_;
  std::unordered_set<SiteId> written_by_others_;
};

}  // namespace pinlab::pinning
