// Presets: the settings of every axis as one real collector has them, as far as the axes go.
#pragma once

#include <span>
#include <string_view>

namespace pinlab::harness {

struct PresetSetting {
  std::string_view name;
  std::string_view text;
};

struct Preset {
  std::string_view name;
  std::string_view summary;
  std::string_view source;      ///< public, of what is imitated
  std::string_view leaves_out;  ///< what the collector does and the preset does not
  std::span<const PresetSetting> settings;
};

/// In the order of policies: moving nurseries first, non-moving and locked ones last.
[[nodiscard]] std::span<const Preset> presets();

}  // namespace pinlab::harness
