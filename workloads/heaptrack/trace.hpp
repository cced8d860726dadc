// A program's heap, recorded by heaptrack or written by hand, as steps that a mutator can replay.
// Invariants: the steps stand in the order in which the program made them; every free names a slot
// that an earlier allocation filled and nothing freed since; what the reader left out or read in
// two ways is counted in TraceTotals. Equal files, order and seed give equal traces on every
// machine.
//
// Source: heaptrack 1.4, file version 3 (KDE heaptrack: src/track/libheaptrack.cpp writes the raw
// form, src/interpret/heaptrack_interpret.cpp the interpreted one,
// src/analyze/accumulatedtracedata.cpp reads that).
#pragma once

#include "workloads/heaptrack/call_stacks.hpp"
#include "workloads/heaptrack/trace_error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinlab::workloads {

/// Which object dies when the interpreted form frees one of a class (equal size, equal site): the
/// oldest, the newest, or any. The raw form names the object and does not ask.
enum class FreeOrder : std::uint8_t { fifo, lifo, random };

/// How the heap was recorded. A trace that ends before its first module or string is `empty`.
/// `text` is pinlab's own, `rep` that of CS:APP's malloc lab (text_forms.hpp).
enum class TraceForm : std::uint8_t { empty, raw, interpreted, text, rep };

/// One step of the recorded program.
struct TraceEvent {
  enum class Kind : std::uint8_t { allocate, free, link, pin, unpin };

  Kind kind = Kind::allocate;
  std::uint32_t slot = 0;  ///< of a table; a freed slot is used again, the one freed last first
  std::uint32_t site = 0;  ///< where the object was allocated, for a free too
  std::uint32_t references = 0;  ///< of the object, for a free too; link: the index of the slot
  /// Bytes that the program asked for, besides references; for a free, of the object. Of a link:
  /// the slot of what it leads to, or EventRecorder::kNothing. Of a pin and its unpin: which pin it
  /// is.
  std::uint64_t size = 0;
};
static_assert(sizeof(TraceEvent) <= 24);

/// What a trace holds, what the reader ignored, and what it read in its own way.
struct TraceTotals {
  std::uint64_t allocations = 0;      ///< events of kind allocate
  std::uint64_t frees = 0;            ///< events of kind free, those of reused_pointers among them
  std::uint64_t bytes = 0;            ///< of all allocations
  std::uint64_t largest_bytes = 0;    ///< of one allocation
  std::uint64_t peak_live_bytes = 0;  ///< the most at once
  std::uint64_t live_objects = 0;     ///< at the end
  std::uint64_t live_bytes = 0;       ///< at the end
  std::uint64_t zero_size_allocations = 0;
  /// Frees of what was never recorded or is dead already: no event.
  std::uint64_t unmatched_frees = 0;
  /// Raw form: allocations at an address where an object lives. That object is freed first; threads
  /// that race with a realloc record such pairs, and so does a free that went unseen.
  std::uint64_t reused_pointers = 0;
  std::uint64_t links = 0;
  std::uint64_t pins = 0;       ///< events of kind pin
  std::uint64_t peak_pins = 0;  ///< the most at once
  /// Sites of which no function is known.
  std::uint64_t unnamed_sites = 0;
};

/// A recorded heap.
class Trace {
 public:
  struct Contents {
    TraceForm form = TraceForm::empty;
    std::string command;
    std::uint32_t slots = 0;
    TraceTotals totals;
    std::vector<TraceEvent> events;
    CallStacks stacks;
  };

  explicit Trace(Contents contents) : contents_(std::move(contents)) {}

  [[nodiscard]] const std::vector<TraceEvent>& events() const { return contents_.events; }
  /// The length of the table: the most objects that live at once.
  [[nodiscard]] std::uint32_t slots() const { return contents_.slots; }
  [[nodiscard]] TraceForm form() const { return contents_.form; }
  [[nodiscard]] const TraceTotals& totals() const { return contents_.totals; }
  /// The recorded command line, its arguments joined by spaces; heaptrack keeps 4096 bytes of it.
  [[nodiscard]] std::string_view command() const { return contents_.command; }

  /// Sites are the distinct call stacks that allocate, numbered by their first allocation.
  [[nodiscard]] std::size_t site_count() const { return contents_.stacks.site_count(); }
  /// The innermost frame that is no allocator's own function (malloc, operator new, ...):
  /// "sqlite3MemMalloc (mem1.c:135)", without the source if that is unknown; without a function
  /// "libsqlite3.so.0+0x4f3a" (raw) or "libsqlite3.so.0+...f3a" (interpreted: the form tells only
  /// the offset within a page). Not unique. REQUIRES site < site_count().
  [[nodiscard]] std::string site_name(std::uint32_t site) const {
    return contents_.stacks.name(site);
  }
  /// All frames, innermost first, " < " between. REQUIRES site < site_count().
  [[nodiscard]] std::string site_stack(std::uint32_t site) const {
    return contents_.stacks.text(site);
  }

 private:
  Contents contents_;
};

/// Reads the recorded heap at `path`: plain, gzip or zstd, in any form, told apart by content.
/// `order` and `seed` (for random only) matter to the interpreted form only. `names_path`, if not
/// empty, is an interpreted recording of the same program, of this run or another: it gives the
/// sites of a raw trace their names. Throws TraceError, and std::bad_alloc.
[[nodiscard]] Trace read_trace(const std::string& path,
                               FreeOrder order,
                               std::uint64_t seed,
                               const std::string& names_path);

}  // namespace pinlab::workloads
