// What adversaries play with: objects of whole granules, whose addresses they may see, and pins of
// their own. An object of one granule is a header alone, so that sizes are exact.
//
// Invariants: (1) at most m granules live at a time; (2) top() is the highest end that any object
// had, at its birth or after a collection that the adversary asked for; (3) the objects are held by
// global roots, so that nothing but them is in the heap; all of them end with the contest: what an
// adversary would leave depends on addresses, and graphs must not.
#pragma once

#include "workloads/program_pins.hpp"
#include "workloads/workload.hpp"

#include <cstdint>
#include <vector>

namespace pinlab::workloads {

/// A stretch of the heap, in granules from its base.
struct Place {
  std::uint64_t start = 0;
  std::uint64_t granules = 0;

  [[nodiscard]] std::uint64_t end() const { return start + granules; }
};

class Contest {
 public:
  /// Names an object from its birth until it is freed.
  using Piece = std::uint32_t;

  /// `rules`: m, n, q and bound; the rest is found out, and is in `context` from the first object
  /// on.
  Contest(WorkloadContext& context, const AdversaryFigures& rules);
  Contest(const Contest&) = delete;
  Contest& operator=(const Contest&) = delete;
  ~Contest();

  /// REQUIRES that m is kept. Throws HeapExhausted.
  Piece allocate(std::uint64_t granules);
  void free(Piece piece);
  /// Until it is freed or unpinned, if pin.limit has room for it; a second pin of the same piece
  /// does nothing. Throws PinLimitReached.
  void pin(Piece piece);
  void unpin(Piece piece);
  /// A full collection that moves all that it can.
  void collect();
  void collect_young();

  [[nodiscard]] Place place(Piece piece) const;
  [[nodiscard]] bool is_young(Piece piece) const;
  /// Granules that live.
  [[nodiscard]] std::uint64_t live() const { return live_; }
  [[nodiscard]] std::uint64_t room() const { return figures().m - live_; }
  [[nodiscard]] const AdversaryFigures& figures() const { return *context_.adversary; }
  /// What lives, in no order that means anything but the same in every run.
  [[nodiscard]] std::vector<Piece> pieces() const;

  /// Frees every piece of which `keeps(place)` is false.
  template <class Keeps>
  void free_unless(Keeps&& keeps) {
    for (const Piece piece : pieces()) {
      if (!keeps(place(piece))) {
        free(piece);
      }
    }
  }

 private:
  struct Object {
    std::uint64_t granules = 0;  ///< 0: none
    std::uint32_t global = 0;
    pinning::PinTicket ticket = {};  ///< of the adversary's own pin, if it has one
    PinToken token = 0;              ///< of the pins that parameters ask for
  };

  [[nodiscard]] heap::ObjectRef object_of(const Object& object) const;
  void note_tops();

  WorkloadContext& context_;
  ProgramPins pins_;
  std::uint64_t live_ = 0;
  std::uint64_t pinned_ = 0;
  std::vector<Object> objects_;
  std::vector<Piece> unused_;
};

/// The parameters workload.m and workload.n, with defaults.
[[nodiscard]] constexpr heap::Parameter parameter_m(std::string_view default_text) {
  return {.name = "workload.m",
          .type = heap::ParameterType::count,
          .default_text = default_text,
          .summary = "what the adversary may have alive at a time",
          .least = 1,
          .most = std::uint64_t{1} << 30U,
          .unit = "granules"};
}
[[nodiscard]] constexpr heap::Parameter parameter_n(std::string_view default_text) {
  return {.name = "workload.n",
          .type = heap::ParameterType::count,
          .default_text = default_text,
          .summary = "its largest object",
          .least = 1,
          .most = heap::Header::kFieldMax,
          .unit = "granules"};
}

/// Throws ParameterError unless n <= m.
void check_adversary(std::uint64_t m, std::uint64_t n);

/// Throws ParameterError unless `n` is a power of `q`; else its exponent.
[[nodiscard]] unsigned exponent_of(std::uint64_t n, std::uint64_t q);

}  // namespace pinlab::workloads
