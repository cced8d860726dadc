// The smallest heap that a configuration runs in, by bisection in blocks: the most robust figure of
// fragmentation that there is, since it is what a user of the collector has to buy.
//
// Invariants: (1) the size that is found and the next kConfirmed sizes completed, and the size
// below it did not; (2) a run that ends otherwise than by want of memory or time ends the search;
// (3) what the file knows is not run again.
#pragma once

#include "harness/sweep/child.hpp"
#include "harness/sweep/heap_file.hpp"
#include "harness/sweep/matrix.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace pinlab::harness {

/// Sizes above the smallest that must complete too: what is smallest by luck is not it.
inline constexpr std::uint64_t kConfirmed = 4;

/// Searches between what was live and heap.max of the cell. Throws IoError, or InputError where a
/// run ends in a way that no heap mends; StopAsked where the user ended it.
class HeapSearcher {
 public:
  struct StopAsked {};
  /// Hears of a search before each of its probes, with the size in bytes that is tried.
  using Listener = std::function<void(const HeapSearch& so_far, std::uint64_t tried)>;

  HeapSearcher(std::string program,
               RunLimits limits,
               HeapFile& file,
               const SignalFile& signals,
               Listener listener)
      : program_(std::move(program)),
        limits_(limits),
        file_(file),
        signals_(signals),
        listener_(std::move(listener)) {}

  [[nodiscard]] HeapSearch search(const Settings& settings);

  /// Of a configuration: equal where the smallest heap is the same.
  [[nodiscard]] std::string id_of(const Settings& settings);

 private:
  struct Run {
    std::string outcome;
    std::string reason;
    std::uint64_t live = 0;  ///< bytes, as far as it is known
    std::uint64_t wall = 0;
  };

  [[nodiscard]] Run run(std::uint64_t blocks);
  [[nodiscard]] Probe probe(std::uint64_t blocks);
  [[nodiscard]] bool completes(std::uint64_t blocks);
  [[nodiscard]] std::uint64_t bisect(std::uint64_t fails, std::uint64_t completing);
  [[nodiscard]] std::optional<std::uint64_t> confirm(std::uint64_t blocks, std::uint64_t most);

  std::string program_;
  RunLimits limits_;
  HeapFile& file_;
  const SignalFile& signals_;
  Listener listener_;
  ContentIds ids_;
  Settings settings_;
  std::map<std::uint64_t, bool> known_;
  HeapSearch found_;
};

/// "live_peak" of a run's figures, in bytes; 0 where nobody knows.
[[nodiscard]] std::uint64_t live_peak_of(const std::string& figures);

}  // namespace pinlab::harness
