#include "workloads/pin_sites.hpp"

#include "workloads/pin_options.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

namespace pinlab::workloads {

namespace {

/// Functions under which programs allocate what they read into or write from: buffered I/O of C
/// libraries and interpreters, the system's calls, caches of a file's pages.
constexpr auto kIoFunctions = std::to_array<std::string_view>(
    {"*_IO_file*",  "*fread*",       "*fwrite*",       "*getline*",        "*getdelim*",
     "*setvbuf*",   "*PerlIO*",      "*pread*",        "*pwrite*",         "*readv*",
     "*writev*",    "*recv*",        "*sendmsg*",      "*sendto*",         "*io_uring*",
     "*unixRead*",  "*unixWrite*",   "*pcache*",       "*Pager*",          "*pager*",
     "*read_file*", "*read_buffer*", "*write_buffer*", "*BufferedReader*", "*BufferedWriter*"});

}  // namespace

bool PinSites::does_io(std::uint32_t site) {
  Site& entry = site_at(site);
  if (entry.io == Match::unknown) {
    const std::string name = name_of(site);
    const std::string stack = stack_of(site);
    const bool found = std::ranges::any_of(kIoFunctions, [&](std::string_view pattern) {
      return matches(pattern, name) || matches(pattern, stack);
    });
    entry.io = found ? Match::yes : Match::no;
  }
  return entry.io == Match::yes;
}

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
