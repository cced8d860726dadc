// What a program allocates and keeps, by size: a table of classes with births and population, from
// a CSV file or built in. By Little's law a class of which so many live and so many are born in a
// time has a mean lifespan of their ratio.
//
//   # comment
//   size,alloc_rate,num_live
//   24,40700000,40700000
//
// size: bytes of the whole object, header included, rounded up to granules; alloc_rate: objects
// born in any unit of time; num_live: objects that live at once, in any unit. Numbers may have
// decimals. The format is that of Google's fleetbench.
#pragma once

#include "heap/support/random.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pinlab::workloads {

struct SizeClass {
  std::uint64_t bytes = 0;   ///< of an object, header included; at least a granule
  std::uint64_t births = 0;  ///< weight
  std::uint64_t living = 0;  ///< weight
};

class AllocationProfile {
 public:
  /// `dacapo` is built in; all else is a file, plain, gzip or zstd. Throws TraceError, which names
  /// line and reason.
  explicit AllocationProfile(const std::string& name);

  [[nodiscard]] const std::vector<SizeClass>& classes() const { return classes_; }
  /// The class of the next object that is born.
  [[nodiscard]] std::size_t draw_birth(heap::Random& random) const;
  /// The class of any object that lives.
  [[nodiscard]] std::size_t draw_living(heap::Random& random) const;

  /// How many objects live where they have `live` bytes together.
  [[nodiscard]] std::uint64_t objects_in(std::uint64_t live) const;
  /// The mean lifespan of a class in bytes allocated, where `live` bytes live at once: births take
  /// its place at the rate at which it dies. Never born: for ever, as ~0.
  [[nodiscard]] std::uint64_t lifespan(std::size_t size_class, std::uint64_t live) const;

 private:
  std::vector<SizeClass> classes_;
  std::vector<std::uint64_t> births_below_;  ///< sums up to and with each class
  std::vector<std::uint64_t> living_below_;
  std::uint64_t mean_birth_ = 0;   ///< bytes of an object that is born, 20 binary places
  std::uint64_t mean_living_ = 0;  ///< bytes of an object that lives, likewise
};

}  // namespace pinlab::workloads
