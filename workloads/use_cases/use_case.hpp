// A use case of pins is a stream of operations: each allocates some buffers and other objects, pins
// them, has foreign code read or write them for some time, and ends the pins. What an operation is
// made of is all that a use case says (plan()); how it is carried out is the same for all.
#pragma once

#include "workloads/use_cases/options.hpp"
#include "workloads/workload.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace pinlab::workloads {

/// One operation, as drawn before anything of it is there.
struct OperationPlan {
  /// Whether the operating system transfers the buffers, or foreign code looks at them in memory.
  Transfers transfers = Transfers::no;
  IoDirection direction = IoDirection::write;
  TransferEnding ending = TransferEnding::data;
  std::vector<std::uint64_t> buffers = {};   ///< bytes of each
  std::vector<std::uint64_t> controls = {};  ///< bytes of each other object that foreign code needs
  std::uint64_t lasts = 0;                   ///< bytes allocated until it completes
  std::optional<LifetimeClass> lifetime = {};  ///< of its pins, unlike that of the others
  /// Whether the other side sends, or takes, at once rather than when the operation completes.
  bool at_once = true;
  /// Bytes allocated until the next operation begins; none: as workload.interval says.
  std::optional<std::uint64_t> pause = {};
};

/// Until when foreign code has it: workload.lasts, which may be for ever.
void draw_end(OperationPlan& plan, const UseCaseOptions& options, heap::Random& random);

/// Whether an operation ends before all that began before it: the frames of a stack.
enum class Nesting : std::uint8_t { none, stack };

class UseCase {
 public:
  UseCase() = default;
  UseCase(const UseCase&) = delete;
  UseCase& operator=(const UseCase&) = delete;
  virtual ~UseCase() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Operation `index` of a thread. The only randomness is `random`. From several threads at once.
  [[nodiscard]] virtual OperationPlan plan(std::uint64_t index, heap::Random& random) const = 0;
  [[nodiscard]] virtual Nesting nesting() const { return Nesting::none; }
  /// The most bytes that the buffers of an operation which the system transfers have together.
  [[nodiscard]] virtual std::uint64_t most_bytes() const = 0;
  /// Of a thread.
  [[nodiscard]] virtual std::uint64_t operations(const UseCaseOptions& options) const {
    return options.operations;
  }
  /// How often one of the objects is looked up by its address, which is its identity.
  [[nodiscard]] virtual std::uint64_t lookups() const { return 0; }
};

/// A workload that runs it. Throws ParameterError where `options` cannot be for it.
[[nodiscard]] std::unique_ptr<Workload> make_use_case(std::unique_ptr<UseCase> use_case,
                                                      const UseCaseOptions& options);

/// The `make` of a workload entry. REQUIRES Case(values, options).
template <class Case>
[[nodiscard]] std::unique_ptr<Workload> make_use_case_of(const heap::ParameterValues& values) {
  const UseCaseOptions options = use_case_options(values);
  return make_use_case(std::make_unique<Case>(values, options), options);
}

/// The most threads that a use case may have.
inline constexpr std::uint32_t kMostThreads = 64;

}  // namespace pinlab::workloads
