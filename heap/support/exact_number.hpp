// Numbers read from text exactly: "1.5GiB" is 1610612736, "0.1%" is a million billionths. No
// floating point, so that a value is the same on every machine. For heap/support/parameter.cpp.
#pragma once

#include "heap/support/wide.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pinlab::heap {

/// 1.5e-3 is 15 and -4: digits without zeros at either end, and a power of ten.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

inline std::string_view take_digits(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

/// Takes "e-3" from the front of `text`, if it is there. None where the digits are missing.
inline std::optional<int> take_exponent(std::string_view& text) {
  if (!text.starts_with('e') && !text.starts_with('E')) {
    return 0;
  }
  text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  const std::string_view power = take_digits(text);
  if (power.empty() || power.size() > 4) {
    return std::nullopt;
  }
  const int value = std::stoi(std::string(power));
  return negative ? -value : value;
}

/// Takes a number without a sign from the front of `text`. None where there is none.
inline std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number{.digits = std::string(take_digits(text))};
  if (number.digits.empty() || number.digits.size() > 1000) {
    return std::nullopt;
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string_view fraction = take_digits(text);
    if (fraction.empty() || fraction.size() > 1000) {
      return std::nullopt;
    }
    number.digits += fraction;
    number.exponent = -static_cast<int>(fraction.size());
  }
  const std::optional<int> power = take_exponent(text);
  if (!power) {
    return std::nullopt;
  }
  number.exponent += *power;
  while (number.digits.ends_with('0')) {
    number.digits.pop_back();
    ++number.exponent;
  }
  number.digits.erase(0, std::min(number.digits.find_first_not_of('0'), number.digits.size()));
  return number;
}

enum class Exactness : std::uint8_t { exact, too_large, too_fine };
struct Scaled {
  Exactness exactness = Exactness::exact;
  std::uint64_t value = 0;
};

/// number * scale, where that is an integer of 64 bits. REQUIRES scale <= 2^30.
inline Scaled scale_exactly(const Decimal& number, std::uint64_t scale) {
  if (number.digits.empty()) {
    return {};
  }
  if (static_cast<int>(number.digits.size()) + number.exponent > 20) {
    return {Exactness::too_large};
  }
  if (number.digits.size() > 20 || number.exponent < -20) {
    return {Exactness::too_fine};
  }
  Wide value = 0;
  for (const char digit : number.digits) {
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  for (int power = number.exponent; power > 0; --power) {
    value *= 10;
  }
  value *= scale;
  for (int power = number.exponent; power < 0; ++power) {
    if (value % 10 != 0) {
      return {Exactness::too_fine};
    }
    value /= 10;
  }
  if (value > ~std::uint64_t{0}) {
    return {Exactness::too_large};
  }
  return {Exactness::exact, static_cast<std::uint64_t>(value)};
}

/// value / 10^digits as a decimal without zeros at its end: (15, 1) is 1.5.
inline std::string decimal_text(std::uint64_t value, std::size_t digits) {
  std::string text = std::to_string(value);
  if (text.size() <= digits) {
    text.insert(0, digits + 1 - text.size(), '0');
  }
  text.insert(text.size() - digits, ".");
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) {
    text.pop_back();
  }
  return text;
}

}  // namespace pinlab::heap
