// The axis of gap reuse: who may allocate in the gaps of old blocks, and how a gap is found.
#pragma once

#include "heap/address.hpp"
#include "heap/support/named.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace pinlab::heap {

/// `taken` is the caller's; what lies before and behind it in the same gap needs fillers of its
/// own.
struct GapGrant {
  AddressRange taken;
  AddressRange rest;     ///< behind it: mostly the policy's still
  AddressRange front{};  ///< before it: of no use to the policy
};

class GapReuse {
 public:
  GapReuse() = default;
  GapReuse(const GapReuse&) = delete;
  GapReuse& operator=(const GapReuse&) = delete;
  virtual ~GapReuse() = default;

  /// Forgets every gap.
  virtual void clear() = 0;
  /// More gaps, ascending by address, disjoint from all it knows.
  virtual void add(std::span<const AddressRange> gaps) = 0;
  /// Memory of at least `need` bytes, no longer the index's; `taken` is empty where there is none.
  [[nodiscard]] virtual GapGrant take(std::size_t need) = 0;
  /// What was not used of a range that take() gave. False: the policy keeps no tails, it is lost
  /// until the next full collection.
  virtual bool give_back(AddressRange tail) = 0;
  /// Bytes that take() could still give, to requests of the right sizes.
  [[nodiscard]] virtual std::uint64_t bytes() const = 0;
};

/// The policies, in the order of heap/meson.build.
[[nodiscard]] std::span<const Named<GapReuse>> gap_reuses();

}  // namespace pinlab::heap
