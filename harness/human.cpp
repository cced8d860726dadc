#include "harness/human.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace pinlab::harness {

namespace {

/// Three digits that count, whatever the locale.
std::string three_digits(double value) {
  const double size = std::abs(value);
  const int places = size >= 100 || value == std::floor(value) ? 0 : size >= 10 ? 1 : 2;
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, places);
  return {text.data(), end.ptr};
}

template <std::size_t kCount>
std::string scaled(double value, double step, const std::array<std::string_view, kCount>& units) {
  std::size_t unit = 0;
  while (unit + 1 < kCount && std::abs(value) >= step) {
    value /= step;
    ++unit;
  }
  return three_digits(value) + " " + std::string(units[unit]);
}

constexpr std::array<std::string_view, 6> kBytes = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  return scaled(static_cast<double>(bytes), 1024, kBytes);
}

std::string human_bytes(std::int64_t bytes) {
  return scaled(static_cast<double>(bytes), 1024, kBytes);
}

std::string human_time(std::uint64_t nanoseconds) {
  constexpr std::array<std::string_view, 4> units = {"ns", "us", "ms", "s"};
  return scaled(static_cast<double>(nanoseconds), 1000, units);
}

std::string human_duration(std::uint64_t nanoseconds) {
  const std::uint64_t seconds = nanoseconds / 1'000'000'000;
  if (seconds < 120) {
    return human_time(nanoseconds);
  }
  struct Unit {
    std::uint64_t seconds;
    std::string_view name;
  };
  constexpr std::array<Unit, 4> units = {{{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}}};
  std::size_t unit = 0;
  while (seconds < units[unit].seconds) {
    ++unit;
  }
  return std::to_string(seconds / units[unit].seconds) + std::string(units[unit].name) + " " +
         std::to_string(seconds % units[unit].seconds / units[unit + 1].seconds) +
         std::string(units[unit + 1].name);
}

std::string human_share(std::uint64_t parts_per_million) {
  return three_digits(static_cast<double>(parts_per_million) / 10'000) + " %";
}

std::string human_ratio(std::uint64_t parts_per_million) {
  return three_digits(static_cast<double>(parts_per_million) / 1'000'000);
}

std::string human_byte_time(std::int64_t kib_squared) {
  constexpr std::array<std::string_view, 5> units = {"KiB x KiB", "KiB x MiB", "MiB x MiB",
                                                     "MiB x GiB", "GiB x GiB"};
  return scaled(static_cast<double>(kib_squared), 1024, units);
}

std::string human_count(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string right(std::string_view text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + std::string(text);
}

std::string left(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

}  // namespace pinlab::harness
