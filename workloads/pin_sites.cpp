#include "workloads/pin_sites.hpp"

#include "workloads/pin_options.hpp"

#include <bit>

namespace pinlab::workloads {

bool PinSites::is_target(std::uint32_t site) {
  Site& entry = site_at(site);
  if (entry.match == Match::unknown) {
    const bool found = matches(pattern_, name_of(site)) || matches(pattern_, stack_of(site));
    entry.match = found ? Match::yes : Match::no;
  }
  return entry.match == Match::yes;
}

std::size_t PinSites::index_of(std::uint32_t site) {
  Site& entry = site_at(site);
  if (entry.figures == 0) {
    SiteFigures& figures = figures_.emplace_back();
    figures.site = table_.intern(name_of(site));
    figures.stack = stack_of(site);
    entry.figures = static_cast<std::uint32_t>(figures_.size());
  }
  return entry.figures - std::size_t{1};
}

void PinSites::count_made(std::size_t index, std::uint64_t bytes) {
  ++figures_[index].made;
  figures_[index].bytes += bytes;
}

void PinSites::count_ended(std::size_t index, std::uint64_t lasted) {
  ++figures_[index].ended;
  const auto width = static_cast<std::size_t>(std::bit_width(lasted | 1U));
  ++figures_[index].lifetimes[width - 1];
}

PinSites::Site& PinSites::site_at(std::uint32_t site) {
  if (site >= sites_.size()) {
    sites_.resize(site + std::size_t{1});
  }
  return sites_[site];
}

std::string PinSites::name_of(std::uint32_t site) const {
  return names_ != nullptr ? names_->name(site) : "site " + std::to_string(site);
}

std::string PinSites::stack_of(std::uint32_t site) const {
  return names_ != nullptr ? names_->stack(site) : std::string();
}

}  // namespace pinlab::workloads
