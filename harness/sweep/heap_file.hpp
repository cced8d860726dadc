// The file of pinlab minheap, as results/README.md describes it: the smallest heaps that were found
// and what each of their probes came to, for those who go on with it.
//
// Invariants: (1) what a run came to is in the file before the next one begins, and the file is
// whole at any time: it is replaced in one step; (2) one process works on it at a time; (3) a file
// of another program, or one that is not understood, is never replaced; (4) a probe is taken from
// it only where it would end the same if it were run again; (5) whoever asked for the same finds
// the same file, however often it was interrupted.
#pragma once

#include "harness/sweep/event_log.hpp"
#include "harness/sweep/folder.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::harness {

/// What one size came to.
struct Probe {
  std::uint64_t blocks = 0;
  std::string outcome;
  std::uint64_t live = 0;  ///< bytes, of a run that completed; 0 where nobody knows
  std::uint64_t wall = 0;  ///< nanoseconds; 0: it was not run now
};

struct HeapSearch {
  std::string id;                        ///< over what decides of a run, its size left out
  Settings parameters;                   ///< of the runs, heap.max left out
  std::uint64_t block = 0;               ///< bytes
  std::optional<std::uint64_t> minimum;  ///< blocks; none: not even heap.max was enough
  std::vector<Probe> probes = {};        ///< in their order
  std::size_t taken_over = 0;            ///< how many of them were in the file
};

struct FoundHeap {
  std::string label;
  HeapSearch search;
  bool pins = false;
  std::optional<std::uint64_t> without = {};  ///< blocks that the same needs without pins
};

/// What pins cost, in parts per million; none where one of the two was not found.
[[nodiscard]] std::optional<std::uint64_t> inflation_of(const FoundHeap& heap);

class HeapFile {
 public:
  /// Reads what is there. Without a path, and where that is no regular file, nothing is kept.
  /// Throws IoError, also where another process works on it; InputError where it is damaged or
  /// something else; UsageError where it is of another program.
  HeapFile(std::string path, std::uint64_t timeout, ProgramInfo program);

  /// What a size came to, if that is known.
  [[nodiscard]] std::optional<Probe> known(const std::string& id, std::uint64_t blocks) const;

  /// A run ended: what it came to is kept. Throws IoError.
  void add(const HeapSearch& search, const Probe& probe);
  /// A search ended.
  void add(FoundHeap heap);
  /// Whether all that was asked for is found, or somebody ended it before. Throws IoError.
  void end(bool finished);

  [[nodiscard]] const std::vector<FoundHeap>& found() const { return found_; }
  [[nodiscard]] bool is_kept() const { return lock_.has_value(); }
  [[nodiscard]] std::string text(bool finished) const;

 private:
  struct Entry {
    Probe probe;
    bool listed = false;  ///< in a heap that was found
  };
  struct Known {
    std::string parameters;  ///< JSON
    std::map<std::uint64_t, Entry> probes;
  };

  void read();
  void save(bool finished) const;

  std::string path_;
  std::uint64_t timeout_;
  ProgramInfo program_;
  std::optional<WorkLock> lock_;
  std::map<std::pair<std::string, std::uint64_t>, Known> known_;  ///< by id and timeout
  std::vector<FoundHeap> found_;
  std::string heaps_;  ///< JSON of them
};

/// Smallest heaps that pinlab minheap wrote. Throws IoError or InputError, also where they are not
/// all of those that it was asked for.
[[nodiscard]] std::vector<MinimalHeap> read_minimal_heaps(const std::string& path);

}  // namespace pinlab::harness
