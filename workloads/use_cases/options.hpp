// What all use cases have in common, as parameters: how old an object is when it is pinned, how
// long the pin lasts, how many are pinned at once, who ends them in which order, what is forgotten;
// what runs beside them; and how their I/O is done.
#pragma once

#include "heap/support/parameter.hpp"
#include "workloads/io/channels.hpp"
#include "workloads/lengths.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinlab::workloads {

/// What takes the place of a pin, as a control.
enum class Arm : std::uint8_t {
  pin,     ///< foreign code works on the managed object, which a pin holds in place
  copy,    ///< on a copy outside the heap; the object need not be there meanwhile (A21)
  handle,  ///< on a copy; the object is kept alive by a handle, and may move (A6)
  none,    ///< on memory of its own; nothing is pinned, kept or copied
};

/// When a pin ends.
enum class LifetimeClass : std::uint8_t {
  call,       ///< with the call that issued it
  operation,  ///< with the completion of an asynchronous operation, in any order
  session,    ///< seconds or minutes later
  process,    ///< with the program
  leak,       ///< never: the program forgets it
};

[[nodiscard]] std::string_view name_of(LifetimeClass lifetime);

enum class UnpinOrder : std::uint8_t { fifo, lifo, random };
enum class UnpinThread : std::uint8_t { same, other };
/// From where a set of pins that was forgotten can still be reached.
enum class ForgottenFrom : std::uint8_t { nowhere, global, itself };
enum class IoKind : std::uint8_t { io_uring, threads };

struct UseCaseOptions {
  Arm arm = Arm::pin;
  std::uint32_t age = 0;
  bool age_old = false;
  LifetimeClass lifetime = LifetimeClass::operation;
  std::uint64_t session = 0;  ///< ns
  std::uint32_t set = 1;
  bool together = true;  ///< one unpin for the whole set, where the shape has sets
  UnpinOrder order = UnpinOrder::fifo;
  UnpinThread thread = UnpinThread::same;
  std::uint64_t forget = 0;  ///< billionths
  ForgottenFrom forgotten_from = ForgottenFrom::nowhere;
  std::uint64_t operations = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t interval = 0;  ///< ns between two operations, on the average; 0: as many as can be
  std::uint64_t bytes_per_second = 0;
  std::uint64_t live = 0;  ///< bytes of the program's other objects
  bool collect = true;     ///< a full collection when the last operation has begun
  bool drop = false;       ///< only pins keep objects alive while foreign code has them
  std::optional<LengthMixture> sizes = {};
  std::uint64_t size_least = 1;
  std::uint64_t size_most = 0;
  std::optional<LengthMixture> lasts = {};  ///< none: as the use case says
  std::uint64_t check_every = 0;            ///< operations; 0: never but when they end
  std::uint64_t registered = 0;             ///< buffers that io_uring knows beforehand
  bool does_io = false;
  Completions completions = Completions::seeded;
  IoKind io = IoKind::io_uring;
  ChannelKind channel = ChannelKind::file;
  std::string directory = {};
  std::uint32_t threads = 1;
  std::uint64_t seed = 1;

  /// Whether some pins are never ended by the program, and lost.
  [[nodiscard]] bool forgets() const { return forget > 0 || lifetime == LifetimeClass::leak; }
  /// On the allocation clock.
  [[nodiscard]] std::uint64_t bytes_in(std::uint64_t nanoseconds) const;
  /// Bytes of a buffer, its header apart.
  [[nodiscard]] std::uint64_t draw_size(heap::Random& random) const;
};

/// Whether a use case does I/O, and its defaults: of some of the common parameters, by name.
enum class Transfers : std::uint8_t { no, yes };
using Defaults = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// The common parameters, with these defaults, and the use case's own.
[[nodiscard]] std::vector<heap::Parameter> use_case_parameters(
    Transfers transfers, Defaults defaults, std::span<const heap::Parameter> own);

/// The default of workload.lasts where something else than a time ends an operation.
inline constexpr std::string_view kByTheUseCase = "toggled";

/// Throws ParameterError where they contradict each other.
[[nodiscard]] UseCaseOptions use_case_options(const heap::ParameterValues& values);

}  // namespace pinlab::workloads
