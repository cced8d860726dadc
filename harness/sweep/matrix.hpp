// The matrix of a sweep: what is asked for, and the cells that it comes to. Everything that can be
// wrong with it is found here, before anything runs.
//
// Invariants: (1) cells come in lexical order of the axes, the first axis slowest; (2) no two cells
// have the same parameters, or the same id.
#pragma once

#include "harness/settings.hpp"
#include "harness/sweep/axis.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace pinlab::harness {

enum class CellOrder : std::uint8_t { fillin, shuffle, lexical };
inline constexpr std::array<std::string_view, 3> kCellOrders = {"fillin", "shuffle", "lexical"};

struct Matrix {
  std::string name = {};
  Settings fixed = {};  ///< parameters that all cells share
  std::vector<SweepAxis> axes = {};
  std::string where = {};
  CellOrder order = CellOrder::fillin;
  std::uint32_t reps = 1;
};

struct Cell {
  std::string id;               ///< 12 hexadecimal digits over parameters and input files
  std::vector<std::size_t> at;  ///< its place on each axis
  Settings axes;                ///< names and values, in canonical form
  Settings settings;            ///< what its run is told
  Settings parameters;          ///< every parameter, defaults included
};

/// A smallest heap without pins, from a file of pinlab minheap: for sizes such as 1.5*min. Of
/// several for one program the one of the cell's seed is taken, and of these the smallest.
struct MinimalHeap {
  Settings parameters;  ///< workload and workload.* of it
  std::string seed;
  std::uint64_t bytes = 0;
};

/// More cells are an error, not a surprise.
inline constexpr std::uint64_t kMostCells = 10'000;

/// Throws UsageError with a sentence, IoError where an input file cannot be read.
[[nodiscard]] std::vector<Cell> cells_of(const Matrix& matrix,
                                         const std::vector<MinimalHeap>& heaps,
                                         std::uint64_t most_cells = kMostCells);

/// Indexes of `cells` in the order in which they run. fillin: the ends and the middle of each axis
/// first, then the middles of what is left, so that a sweep that is stopped early has seen all of
/// its range. shuffle depends on the ids alone.
[[nodiscard]] std::vector<std::size_t> running_order(const Matrix& matrix,
                                                     const std::vector<Cell>& cells);

/// A hash over the cells and the number of runs: 16 hexadecimal digits.
[[nodiscard]] std::string plan_hash(const std::vector<Cell>& cells, std::uint32_t reps);

/// "pin.share=0.01 heap.max=64MiB", the axes alone.
[[nodiscard]] std::string label_of(const Cell& cell);

/// Ids over parameters. A text that names a file counts by the file's content: the same heap under
/// another name is the same cell, another heap under the same name is not.
class ContentIds {
 public:
  /// 12 hexadecimal digits. Throws IoError where a file cannot be read.
  [[nodiscard]] std::string of(const heap::ParameterValues& values,
                               std::span<const std::string_view> left_out = {});

 private:
  [[nodiscard]] const std::string& content_of(const std::string& path);

  std::map<std::string, std::string> contents_;  ///< hashes of files, each read once
};

/// A hash of bytes, for ids.
[[nodiscard]] std::uint64_t hash_of(std::string_view bytes);

}  // namespace pinlab::harness
