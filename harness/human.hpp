// Figures as people read them, for the terminal. Records hold the exact ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pinlab::harness {

/// "1.25 GiB"; three digits that count.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
[[nodiscard]] std::string human_bytes(std::int64_t bytes);
/// "1.25 ms".
[[nodiscard]] std::string human_time(std::uint64_t nanoseconds);
/// "3 h 20 min", for what people wait for; below two minutes as human_time.
[[nodiscard]] std::string human_duration(std::uint64_t nanoseconds);
/// "31.2 %".
[[nodiscard]] std::string human_share(std::uint64_t parts_per_million);
/// "1.25", for ratios above 1.
[[nodiscard]] std::string human_ratio(std::uint64_t parts_per_million);
/// KiB times KiB as "1.25 MiB x GiB".
[[nodiscard]] std::string human_byte_time(std::int64_t kib_squared);
/// "3 pins", "1 pin".
[[nodiscard]] std::string human_count(std::uint64_t count, std::string_view noun);

/// Filled up with spaces, before or behind.
[[nodiscard]] std::string right(std::string_view text, std::size_t width);
[[nodiscard]] std::string left(std::string_view text, std::size_t width);

}  // namespace pinlab::harness
