// What the runs of a sweep came to, as a table: a row for each run, a column for each axis and for
// each metric of pinlab list metrics. results.csv is this table as text.
//
// Invariants: (1) rows are in the order of the cells, and of the runs of each; (2) a figure that was
// not measured is none, never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

struct TableRow {
  std::string cell;                ///< the id
  std::uint32_t rep = 1;           ///< from 1
  std::vector<std::string> axes;   ///< a text for each of Table::axis_names; empty: not on that axis
  std::string outcome;
  std::uint64_t wall = 0;          ///< nanoseconds, as the next two
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t peak_memory = 0;   ///< bytes resident
  std::vector<std::optional<std::int64_t>> figures;  ///< in the order of metrics()
};

struct Table {
  std::vector<std::string> axis_names;
  std::vector<TableRow> rows;

  /// The value of a row on an axis. Throws UsageError for a name that is no axis.
  [[nodiscard]] const std::string& axis(const TableRow& row, std::string_view name) const;
  /// A figure of a row, by the metric's name. Throws UsageError for a name that is no metric.
  [[nodiscard]] std::optional<std::int64_t> figure(const TableRow& row,
                                                   std::string_view metric) const;
  /// As CSV (RFC 4180), with a head.
  [[nodiscard]] std::string csv() const;
};

/// Of a folder of pinlab sweep. Throws IoError or InputError.
[[nodiscard]] Table read_table(const std::string& folder);

}  // namespace pinlab::harness
