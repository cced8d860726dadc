// Foreign memory: a place outside the heap that holds raw addresses of objects, as C code and the
// kernel do, needs them for an interval, and reads objects through them without asking anyone.
//
// Of an address two intervals on the allocation clock are kept: that in which it is needed,
// N = [store, release], and that in which a pin covers it, P. From them come
//   exposure: N without P. The object may move or die; each time that it does is a violation.
//   overhang: P without N. The object is immovable, and nobody needs it.
// both in bytes of the object times bytes allocated (../results/README.md has the definitions).
//
// Invariants: (1) an object that is needed and covered lies at its address, with its shape and its
// pin, if it had one, in its header: every read checks it, and `broken` counts where it does not
// hold, always a bug of the collector; (2) collections see only the addresses that no strong pin
// covers: a program that pins correctly costs its collections nothing here.
//
// One thread uses it at a time. Ends before its registry.
#pragma once

#include "heap/object.hpp"
#include "heap/support/wide.hpp"
#include "pinning/pin_site.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pinlab::pinning {

class PinRegistry;

/// What holds the object at an address that foreign memory has.
enum class Cover : std::uint8_t {
  none,      ///< nothing: the address is hidden from the collector
  weak_pin,  ///< a pin that ends if the object dies
  pin,
};

/// The first time that foreign memory's object was moved or freed while it was needed.
struct Violation {
  enum class Kind : std::uint8_t { moved, freed };
  Kind kind = Kind::moved;
  SiteId site = 0;           ///< that gave the address away
  std::uint64_t stored = 0;  ///< allocation clock of that
  std::uint64_t bytes = 0;
  std::uint64_t collection = 0;  ///< that did it, counted from 1
};

/// What happened at the boundary; `exposure`, `overhang` and `need` in bytes times bytes.
struct BoundaryFigures {
  std::uint64_t stored = 0;  ///< addresses that were given away
  std::uint64_t reads = 0;
  std::uint64_t bad_reads = 0;  ///< that found something else than the object
  std::uint64_t moved = 0;      ///< violations: moves of an exposed object
  std::uint64_t freed = 0;      ///< violations: deaths of an exposed object
  std::uint64_t broken = 0;     ///< moved or changed under a pin
  heap::Wide exposure = 0;
  heap::Wide overhang = 0;
  heap::Wide need = 0;
  std::optional<Violation> first = {};

  [[nodiscard]] std::uint64_t violations() const { return moved + freed; }
};

class ForeignMemory {
 public:
  explicit ForeignMemory(PinRegistry& registry);
  ForeignMemory(const ForeignMemory&) = delete;
  ForeignMemory& operator=(const ForeignMemory&) = delete;
  ~ForeignMemory();

  /// Names an address that is held, until it is neither needed nor covered: after release() and,
  /// where it was covered, uncover(), in any order.
  using Ticket = std::uint32_t;

  /// The address of `object` is given away; from now on it is needed. `clock` never goes back.
  [[nodiscard]] Ticket store(heap::ObjectRef object, SiteId site, Cover cover, std::uint64_t clock);
  /// Its pin ended.
  void uncover(Ticket ticket, std::uint64_t clock);
  /// Reads through the address, as C code does: what is found is compared with the object.
  void read(Ticket ticket);
  /// The last access, a read, was at `clock`, which may lie before now: nobody needs it since.
  void release(Ticket ticket, std::uint64_t clock);
  /// The first use after a collection: pins that ended with their objects ended by `clock`.
  void after_collection(std::uint64_t clock);

  /// With the intervals that are still open drawn out to `clock`.
  [[nodiscard]] BoundaryFigures figures(std::uint64_t clock) const;

  // For collections.
  void for_each_slot(const std::function<void(heap::Address)>& visit);
  void settle();

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// What tells an object from what else may lie at its address.
  struct Canary {
    std::uintptr_t shape = 0;
    std::uint64_t payload = 0;
    friend bool operator==(const Canary&, const Canary&) = default;
  };
  struct Holding {
    heap::Address address;
    std::uint64_t bytes = 0;
    std::uint64_t stored = 0;
    std::uint64_t changed = 0;  ///< clock up to which its intervals are in the sums
    Canary canary;              ///< as last seen
    std::uint32_t watch = kNone;
    SiteId site = 0;
    bool needed = false;
    bool covered = false;
    bool pinned = false;   ///< when it was stored: shapes can hold an object still without a pin
    bool dead = false;     ///< and with it the pin, if it was a weak one
    bool exposed = false;  ///< by its death: in the sums from after_collection() on
  };
  /// A slot that collections update, and what it held when one last looked.
  struct Watch {
    std::uintptr_t slot = 0;
    std::uintptr_t seen = 0;
    Ticket ticket = 0;
  };

  static Canary canary_at(heap::Address address, std::uintptr_t shape);
  void check(Holding& holding);
  void check_exposed(Holding& holding);
  void watch(Ticket ticket);
  void unwatch(Ticket ticket);
  void note(Violation::Kind kind, const Holding& holding);
  static void pass(const Holding& holding, std::uint64_t clock, BoundaryFigures& figures);
  void advance(Holding& holding, std::uint64_t clock);
  void forget_if_over(Ticket ticket);

  PinRegistry& registry_;
  std::vector<Holding> holdings_;
  std::vector<Ticket> free_;
  std::vector<Watch> watches_;
  std::vector<Ticket> dead_;  ///< under a weak pin, since the last after_collection()
  BoundaryFigures figures_;
};

/// In one sentence, without a full stop.
[[nodiscard]] std::string sentence_of(const Violation& violation, const SiteTable& sites);

}  // namespace pinlab::pinning
