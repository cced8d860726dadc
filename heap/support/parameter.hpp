// Parameters: what a run may be told from outside, as tables of names with types, units, defaults
// and bounds. Everything that parses or prints a parameter is here; the command line, configuration
// files, records and `pinlab list` read the tables.
//
//   constexpr std::array kParameters = {
//       Parameter{.name = "workload.entries", .type = ParameterType::count, .default_text =
//       "100000",
//                 .summary = "entries that the cache holds", .least = 1, .unit = "entries"}};
//   ParameterValues values({kParameters.begin(), kParameters.end()});
//   values.set("workload.entries", "5000");
//   values.count("workload.entries");
//
// Invariants: (1) a value lies within its parameter's bounds: what does not is an error, never
// clamped; (2) numbers are exact integers in base units, and no floating point is used to read
// them; (3) the canonical text of a value, read again, gives the same value.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::heap {

/// What a parameter is, and with it how it is written and in which base unit it is held.
enum class ParameterType : std::uint8_t {
  size,          ///< memory, in bytes: 4096, 64KiB, 1.5GiB
  duration,      ///< bytes allocated by the program, written as a size: 64MiB
  time,          ///< nanoseconds: 250ms, 1.5s
  share,         ///< 0 to 1, in billionths: 0.01, 1%
  decimal,       ///< a number, in billionths: 0.5
  count,         ///< a whole number, or one of `choices` instead
  flag,          ///< true or false
  word,          ///< one of `choices`
  text,          ///< anything that is UTF-8
  distribution,  ///< one of the kinds in `choices`; bounds hold for lengths
  limit,         ///< none, N, or N+M for N and M more for each call; bounds hold for N
};
[[nodiscard]] std::string_view type_name(ParameterType type);

inline constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();
/// Billionths in one: the base unit of shares and decimals.
inline constexpr std::uint64_t kBillion = 1'000'000'000;

/// One line of a table. The views must outlive all values made from it.
struct Parameter {
  std::string_view name;  ///< dotted: `heap.max`
  ParameterType type = ParameterType::count;
  std::string_view default_text;
  std::string_view summary;  ///< one sentence, without a full stop
  std::uint64_t least = 0;   ///< in base units
  std::uint64_t most = kNoBound;
  std::span<const std::string_view> choices = {};
  std::span<const std::string_view> numbers = {};  ///< of `choices`, in a list elsewhere: no names
  std::string_view unit = {};          ///< of a count or decimal: objects, pins for each MiB
  std::string_view default_rule = {};  ///< in words, where the default depends on other parameters
};

/// How long something lasts or how large it is, drawn anew each time. Operands are integers.
struct Distribution {
  enum class Kind : std::uint8_t { object, forever, scope, fixed, exponential, pareto, uniform };
  Kind kind = Kind::object;
  std::uint64_t a =
      0;  ///< fixed: length; exponential: mean; pareto: alpha in thousandths; uniform: least
  std::uint64_t b = 0;  ///< pareto: least; uniform: most
  friend bool operator==(const Distribution&, const Distribution&) = default;
};
/// The words for the kinds, in their order: `choices` of a distribution are some of these.
inline constexpr std::array<std::string_view, 7> kDistributionKinds = {
    "object", "forever", "scope", "fixed", "exp", "pareto", "uniform"};

/// At most so many; 0 in both is none.
struct Limit {
  std::uint64_t base = 0;
  std::uint64_t for_each_call = 0;
};

/// A name that no table has, or a value that is none; what() is a sentence for the user.
struct ParameterError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Values for a set of parameters: the defaults, then what was set.
class ParameterValues {
 public:
  /// Throws ParameterError where a default is no value of its type, or a name appears twice.
  explicit ParameterValues(std::vector<Parameter> table);

  /// Throws ParameterError, and changes nothing, for an unknown name or a bad value.
  void set(std::string_view name, std::string_view text);
  /// The same for a default that depends on other parameters: given() stays false.
  void set_default(std::string_view name, std::string_view text);

  [[nodiscard]] std::span<const Parameter> parameters() const { return table_; }
  /// The parameter called `name`, or null.
  [[nodiscard]] const Parameter* find(std::string_view name) const;
  /// Whether it was set from outside.
  [[nodiscard]] bool given(std::string_view name) const { return value_of(name).given; }
  /// The value as it is written in records: the shortest text that gives it again.
  [[nodiscard]] const std::string& canonical(std::string_view name) const {
    return value_of(name).text;
  }

  // Each REQUIRES a parameter of that type.
  [[nodiscard]] std::uint64_t size(std::string_view name) const;
  [[nodiscard]] std::uint64_t duration(std::string_view name) const;
  [[nodiscard]] std::uint64_t time(std::string_view name) const;
  [[nodiscard]] std::uint64_t share(std::string_view name) const;
  [[nodiscard]] std::uint64_t decimal(std::string_view name) const;
  /// REQUIRES also that the value is no word.
  [[nodiscard]] std::uint64_t count(std::string_view name) const;
  /// Whether a count has one of its words for a value.
  [[nodiscard]] bool is_word(std::string_view name) const { return value_of(name).is_word; }
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::string_view word(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] Distribution distribution(std::string_view name) const;
  [[nodiscard]] Limit limit(std::string_view name) const;

 private:
  struct Value {
    std::string text;
    std::uint64_t number = 0;
    std::uint64_t second = 0;
    Distribution distribution;
    bool is_word = false;
    bool given = false;
  };

  static Value parse(const Parameter& parameter, std::string_view text);
  static void parse_limit(const Parameter& parameter, std::string_view text, Value& value);
  [[nodiscard]] std::size_t index_of(std::string_view name) const;
  [[nodiscard]] const Value& value_of(std::string_view name) const;
  [[nodiscard]] const Value& value_of(std::string_view name, ParameterType type) const;

  std::vector<Parameter> table_;
  std::vector<Value> values_;
};

/// `text` in canonical form as a value of `parameter`. Throws ParameterError.
[[nodiscard]] std::string canonical_text(const Parameter& parameter, std::string_view text);
/// A number of base units as it is written: 65536 is 64KiB as a size, 10000000 is 0.01 as a share.
[[nodiscard]] std::string canonical_number(ParameterType type, std::uint64_t number);
/// What a parameter may be, in words: "a size of at least 16KiB, at most 1GiB".
[[nodiscard]] std::string domain_of(const Parameter& parameter);

}  // namespace pinlab::heap
