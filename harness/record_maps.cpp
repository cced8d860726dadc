// The parts of a record that look at every object: maps of the heap, and survival.
#include "harness/record_parts.hpp"

#include <algorithm>

namespace pinlab::harness {

namespace {

using Json = nlohmann::ordered_json;
using collector::HeapMap;

/// Where `pins` of the record has the site.
Json site_index(const RunResult& result, const std::optional<pinning::SiteId>& site) {
  if (!site) {
    return nullptr;
  }
  const auto found = std::ranges::find(result.sites, *site, &SiteFigures::site);
  return found == result.sites.end() ? Json(nullptr) : Json(found - result.sites.begin());
}

Json islands_json(const HeapMap& map, const RunResult& result) {
  Json json = Json::array();
  for (const collector::CellIslands& islands : map.islands_by_cell) {
    const bool pinned = islands.site.has_value();
    json.push_back(Json::array({islands.cell, site_index(result, islands.site), islands.objects,
                                islands.bytes, pinned ? Json(islands.oldest) : Json(nullptr),
                                pinned ? Json(islands.newest) : Json(nullptr)}));
  }
  return json;
}

Json map_json(const HeapMap& map, const RunResult& result) {
  Json bytes = Json::object();
  for (std::size_t i = 0; i < map.bytes.size(); ++i) {
    bytes[std::string(collector::kCellKindNames[i])] = map.bytes[i];
  }
  Json held = Json::array();
  for (const collector::CellHeld& cell : map.held) {
    held.push_back(Json::array({cell.cell, cell.bytes}));
  }
  Json hostage = nullptr;
  if (map.hostage) {
    hostage = Json::array();
    for (const collector::CellHostage& cell : *map.hostage) {
      hostage.push_back(Json::array({cell.cell, cell.bytes}));
    }
  }
  return {
      {"collection", map.collection},
      {"kind", collector::kPauseKindNames[static_cast<std::size_t>(map.kind)]},
      {"clock", map.clock},
      {"cell_bytes", map.cell_bytes},
      {"bytes", bytes},
      {"island_count", map.islands},
      {"cells", map.cells},
      {"occupied", map.occupied},
      {"islands", islands_json(map, result)},
      {"held", held},
      {"hostage", hostage},
      {"movable",
       {{"objects", map.movable.objects},
        {"bytes", map.movable.bytes},
        {"squares", map.movable.squares}}},
  };
}

}  // namespace

Json heap_maps_json(const RunResult& result) {
  if (result.parameters.word("record.heap_map") == "none") {
    return nullptr;
  }
  Json json = Json::array();
  for (const HeapMap& map : result.heap_maps) {
    json.push_back(map_json(map, result));
  }
  return json;
}

Json survival_json(const RunResult& result) {
  if (!result.survival) {
    return nullptr;
  }
  return {
      {"collections", result.survival->collections},
      {"allocated", result.survival->allocated},
      {"live", result.survival->live},
  };
}

}  // namespace pinlab::harness
