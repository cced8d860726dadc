// The parts of a record as JSON values. For harness/record.cpp alone: it includes a slow header.
#pragma once

#include "harness/experiment.hpp"
#include "harness/json_text.hpp"

#include <nlohmann/json.hpp>

namespace pinlab::harness {

[[nodiscard]] nlohmann::ordered_json exact_json(const RunResult& result);
[[nodiscard]] nlohmann::ordered_json timed_json(const RunResult& result);
/// The array of all collections, as text.
void write_collections(TextSink& sink, const RunResult& result);
[[nodiscard]] nlohmann::ordered_json site_json(const SiteFigures& site);
[[nodiscard]] nlohmann::ordered_json heap_maps_json(const RunResult& result);
[[nodiscard]] nlohmann::ordered_json survival_json(const RunResult& result);

}  // namespace pinlab::harness
