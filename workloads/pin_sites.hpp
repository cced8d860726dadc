// Who pinned: a program's allocation sites, by its own numbers, and what each of them pinned.
// Invariant: a site is given its name, and a place in the registry's table, when it first matters.
#pragma once

#include "pinning/pin_registry.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace pinlab::workloads {

/// What a program calls its allocation sites, which it numbers from 0. Asked once for each site,
/// and only about sites that matter.
class SiteNames {
 public:
  SiteNames() = default;
  SiteNames(const SiteNames&) = delete;
  SiteNames& operator=(const SiteNames&) = delete;
  virtual ~SiteNames() = default;
  /// Unlike that of any other site.
  [[nodiscard]] virtual std::string name(std::uint32_t site) const = 0;
  /// All frames, innermost first, where they are known.
  [[nodiscard]] virtual std::string stack(std::uint32_t /*site*/) const { return {}; }
};

/// Of a program in which one place allocates all that can be pinned.
class OneSite final : public SiteNames {
 public:
  explicit OneSite(std::string_view name) : name_(name) {}
  [[nodiscard]] std::string name(std::uint32_t /*site*/) const override { return name_; }

 private:
  std::string name_;
};

/// What one site pinned.
struct SiteFigures {
  pinning::SiteId site = 0;
  std::string stack;
  std::uint64_t made = 0;
  std::uint64_t ended = 0;
  std::uint64_t bytes = 0;  ///< of the pinned objects
  /// Pins that ended, by floor(log2(bytes allocated while they lasted)); less than 2 is 0.
  std::array<std::uint64_t, 64> lifetimes{};
};

class PinSites {
 public:
  PinSites(pinning::SiteTable& table, std::string pattern)
      : table_(table), pattern_(std::move(pattern)) {}

  /// From now on sites have these names, which must last as long as they are asked for.
  void use_names(const SiteNames& names) { names_ = &names; }
  /// Whether the pattern matches the name or the stack. O(1) after the first time.
  [[nodiscard]] bool is_target(std::uint32_t site);
  /// Whether a function of input or output is in the name or the stack. O(1) after the first time.
  [[nodiscard]] bool does_io(std::uint32_t site);
  /// Where the figures of a site are. O(1) after the first time.
  [[nodiscard]] std::size_t index_of(std::uint32_t site);
  [[nodiscard]] pinning::SiteId id_at(std::size_t index) const { return figures_[index].site; }
  /// Whether the site has figures: it pinned.
  [[nodiscard]] bool has_pinned(std::uint32_t site) const {
    return site < sites_.size() && sites_[site].figures != 0;
  }
  void count_made(std::size_t index, std::uint64_t bytes);
  void count_ended(std::size_t index, std::uint64_t lasted);

  /// Of each site that pinned, in the order of its first pin.
  [[nodiscard]] const std::vector<SiteFigures>& figures() const { return figures_; }

 private:
  enum class Match : std::uint8_t { unknown, yes, no };
  struct Site {
    Match match = Match::unknown;
    Match io = Match::unknown;
    std::uint32_t figures = 0;  ///< their index plus one; 0: none
  };

  [[nodiscard]] Site& site_at(std::uint32_t site);
  [[nodiscard]] std::string name_of(std::uint32_t site) const;
  [[nodiscard]] std::string stack_of(std::uint32_t site) const;

  pinning::SiteTable& table_;
  std::string pattern_;
  const SiteNames* names_ = nullptr;
  std::vector<Site> sites_;
  std::vector<SiteFigures> figures_;
};

}  // namespace pinlab::workloads
