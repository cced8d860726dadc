// The axis of pin shapes: the API that a program pins with, its lifetime rule, and what misuse
// does. A C++ program uses a shape's own type (pinning/shapes/); workloads that take the shape as a
// parameter use it through this.
//
// Invariants of every shape: (1) a ticket is good from pin() to unpin(), forget() or close(), at
// the shape that gave it and at no other, and never again, also when its place is used by another;
// (2) misuse is a PinError that names the shape, the site and the object, and changes no count;
// (3) what needs no pin is counted by reason.
#pragma once

#include "heap/support/named.hpp"
#include "pinning/generation_table.hpp"
#include "pinning/pin_registry.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::pinning {

/// What a program wants a pin for, by its lifetime.
enum class PinUse : std::uint8_t {
  call,       ///< from the entry of a foreign call to its return
  scope,      ///< to the end of a block, a function, a request
  operation,  ///< from submission to completion: in any order, from any thread
  session,    ///< until its owner is done: a connection, a context
  process,    ///< for ever
};
inline constexpr std::array<std::string_view, 5> kPinUseNames = {"call", "scope", "operation",
                                                                 "session", "process"};

/// The uses that a shape can express.
class PinUses {
 public:
  constexpr PinUses(std::initializer_list<PinUse> uses) {
    for (const PinUse use : uses) {
      bits_ |= 1U << static_cast<unsigned>(use);
    }
  }
  [[nodiscard]] constexpr bool has(PinUse use) const {
    return (bits_ >> static_cast<unsigned>(use) & 1U) != 0;
  }
  /// "call, scope".
  [[nodiscard]] std::string names() const;

 private:
  unsigned bits_ = 0;
};
inline constexpr PinUses kBoundedUses = {PinUse::call, PinUse::scope};
inline constexpr PinUses kAllUses = {PinUse::call, PinUse::scope, PinUse::operation,
                                     PinUse::session, PinUse::process};

/// What there is to know of a shape; sentences without a full stop.
struct ShapeFacts {
  std::string_view name;      ///< as on the command line
  std::string_view number;    ///< in the list of results/README.md: A0 to A22
  std::string_view lifetime;  ///< when a pin begins and ends
  std::string_view alive;     ///< who keeps the object alive
  std::string_view misuse;    ///< what misuse does
  PinUses uses;
  bool holds_still;            ///< whether the object stays where it is
  bool is_set;                 ///< whether one ticket can hold several objects
  bool hides_address = false;  ///< whether foreign code gets the address though nothing holds still
  bool keeps_alive = true;     ///< whether a pin can keep its object alive: see Liveness
};

/// Names what one pin() made: no two are equal, of whichever shapes. Made by a shape alone, and
/// carries what an error says of it, since its place may be another's by then.
class PinTicket {
 public:
  /// None.
  constexpr PinTicket() = default;
  [[nodiscard]] explicit operator bool() const { return name_ != 0; }
  friend bool operator==(const PinTicket&, const PinTicket&) = default;

 private:
  friend class PinShape;
  PinTicket(std::uint64_t name, std::uint32_t giver, SiteId site, heap::Address object)
      : name_(name), giver_(giver), site_(site), object_(object) {}

  std::uint64_t name_ = 0;
  std::uint32_t giver_ = 0;
  SiteId site_ = 0;
  heap::Address object_;
};

class PinShape {
 public:
  explicit PinShape(const ShapeFacts& facts);
  PinShape(const PinShape&) = delete;
  PinShape& operator=(const PinShape&) = delete;
  /// What is still pinned ends as the shape's rule for what is lost says.
  virtual ~PinShape() = default;

  [[nodiscard]] const ShapeFacts& facts() const { return facts_; }
  /// Once, before the first pin. The registry outlives the shape.
  void open(PinRegistry& registry);
  /// Throws PinError after close(), and for null where the shape refuses it.
  [[nodiscard]] PinTicket pin(heap::ObjectRef object, SiteId site);
  /// An interior address stands for its object; one without an object is counted.
  [[nodiscard]] PinTicket pin_interior(heap::Address inside, SiteId site);
  /// One object more under the ticket. Throws PinError where the shape holds one object each.
  void add(const PinTicket& ticket, heap::ObjectRef object, SiteId site);
  /// Throws PinError for a ticket that is not good here; of a scope shape: for all but the newest.
  void unpin(const PinTicket& ticket);
  /// The program loses what it pinned with: what becomes of it is the shape's rule. Throws PinError
  /// where it cannot be lost: a scope.
  void forget(const PinTicket& ticket);
  /// Where foreign code finds the ticket's first object.
  [[nodiscard]] heap::Address address_of(const PinTicket& ticket);
  /// Ends all that is pinned. From now on every pin() is a PinError.
  void close();

 protected:
  /// REQUIRES open().
  [[nodiscard]] PinRegistry& registry() const { return *registry_; }
  [[noreturn]] void misuse(std::string_view what, SiteId site, heap::Address object) const;

  // For a shape: `place` is the ticket's, from 0, and used again.
  virtual void opened() {}
  virtual void begin(std::size_t place, heap::ObjectRef object, SiteId site) = 0;
  virtual void extend(std::size_t place, heap::ObjectRef object, SiteId site);
  virtual void end(std::size_t place) = 0;
  virtual void end_all() = 0;
  /// False, and nothing done, where it cannot be lost.
  [[nodiscard]] virtual bool lose(std::size_t place);
  [[nodiscard]] virtual heap::Address find(std::size_t place, heap::Address first) const;

 private:
  struct Nothing {};
  void check_open(SiteId site, heap::Address object) const;
  /// The place of a ticket that is good here. Throws PinError.
  [[nodiscard]] std::size_t place_of(const PinTicket& ticket);

  const ShapeFacts& facts_;
  const std::uint32_t serial_;
  PinRegistry* registry_ = nullptr;
  bool closed_ = false;
  GenerationTable<Nothing> tickets_;
};

/// The shapes, in the order of pinning/meson.build.
[[nodiscard]] std::span<const heap::Named<PinShape>> pin_shapes();
/// Names of the shapes that hold objects still and can express the use: "pinner, ptrguard, ...".
[[nodiscard]] std::string shapes_that_express(PinUse use);

}  // namespace pinlab::pinning
