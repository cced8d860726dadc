// The record of a run: one JSON object, described by results/schema/run.schema.json and, key by
// key, in results/README.md. The only place that knows how figures are spelt in JSON.
//
// Invariants: (1) the order of keys is fixed; (2) exact figures are integers, and no time stands
// among them; (3) a key that was not measured is null, never 0.
#pragma once

#include "harness/environment.hpp"
#include "harness/experiment.hpp"
#include "harness/text_sink.hpp"

#include <string>

namespace pinlab::harness {

inline constexpr std::string_view kRecordSchema = "pinlab/run/1";

/// The record, one line for each collection and each site.
void write_record(TextSink& sink, const RunResult& result, const Environment& environment);
/// The same as one text.
[[nodiscard]] std::string record_text(const RunResult& result, const Environment& environment);

/// Outcome, reason, sums and digests on one line: what a sweep keeps of a run.
[[nodiscard]] std::string figures_text(const RunResult& result);

/// The record of a run that ended before it could be asked for anything.
[[nodiscard]] std::string record_without_figures(const heap::ParameterValues& parameters,
                                                 const Environment& environment,
                                                 Outcome outcome,
                                                 std::string_view reason);

/// The environment as a record shows it, with its problems as an array.
[[nodiscard]] std::string environment_text(const Environment& environment,
                                           const std::vector<std::string>& problems);

/// 16 hexadecimal digits.
[[nodiscard]] std::string digest_text(std::uint64_t digest);

/// a of b in parts per million, rounded down. REQUIRES b > 0.
[[nodiscard]] std::uint64_t parts_per_million(std::uint64_t a, std::uint64_t b);

/// Bytes times bytes in KiB times KiB, rounded towards zero.
[[nodiscard]] std::int64_t kib_squared(SignedWide byte_time);

}  // namespace pinlab::harness
