// Words from outside: whether they are text at all, how an error shows them, and which known word
// was meant by a misspelt one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::heap {

/// Takes one character from the front of `text`. False where it is not UTF-8 (RFC 3629).
inline bool take_utf8(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  if (lead < 0x80U) {
    return true;
  }
  if (lead < 0xC2U || lead > 0xF4U) {
    return false;
  }
  const std::size_t more = lead < 0xE0U ? 1 : lead < 0xF0U ? 2 : 3;
  std::uint32_t code = lead & (0x3FU >> more);
  for (std::size_t i = 0; i < more; ++i) {
    if (text.empty() || (static_cast<unsigned char>(text.front()) & 0xC0U) != 0x80U) {
      return false;
    }
    code = (code << 6U) | (static_cast<unsigned char>(text.front()) & 0x3FU);
    text.remove_prefix(1);
  }
  constexpr std::array<std::uint32_t, 4> least_codes = {0, 0x80, 0x800, 0x10000};
  return code >= least_codes[more] && code <= 0x10FFFFU && (code < 0xD800U || code > 0xDFFFU);
}

[[nodiscard]] inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (!take_utf8(text)) {
      return false;
    }
  }
  return true;
}

/// What does not print in ASCII as \xHH.
[[nodiscard]] inline std::string printable_text(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20U && byte < 0x7FU) {
      shown += c;
    } else {
      shown += {'\\', 'x', hex[byte >> 4U], hex[byte & 15U]};
    }
  }
  return shown;
}

/// `text` in double quotes for an error message: what prints of its first 40 bytes.
[[nodiscard]] inline std::string quoted_text(std::string_view text) {
  constexpr std::size_t longest = 40;
  return "\"" + printable_text(text.substr(0, longest)) + (text.size() > longest ? "...\"" : "\"");
}

/// Characters to insert, delete, replace or exchange with a neighbour between two words.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

/// The candidate that was probably meant, or an empty view where none is near.
[[nodiscard]] inline std::string_view nearest_name(std::string_view name,
                                                   std::span<const std::string_view> candidates) {
  if (name.size() > 100) {
    return {};
  }
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least && distance < candidate.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/// "; did you mean NAME?", or nothing.
[[nodiscard]] inline std::string did_you_mean(std::string_view name,
                                              std::span<const std::string_view> candidates) {
  const std::string_view nearest = nearest_name(name, candidates);
  return nearest.empty() ? std::string() : "; did you mean " + std::string(nearest) + "?";
}

/// "a, b, c".
[[nodiscard]] inline std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    text += (text.empty() ? "" : ", ") + std::string(word);
  }
  return text;
}

}  // namespace pinlab::heap
