// The two forms of heaptrack's file version 3, as what to do with a line of each.
// Invariant: a form checks every index against what it has read so far, so that whatever it hands
// to CallStacks and EventRecorder is in range.
#pragma once

#include "heap/support/random.hpp"
#include "workloads/heaptrack/call_stacks.hpp"
#include "workloads/heaptrack/event_recorder.hpp"
#include "workloads/heaptrack/line_reader.hpp"
#include "workloads/heaptrack/pointer_table.hpp"
#include "workloads/heaptrack/trace.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::workloads {

/// The lines that one form has and the other has not, or has with another meaning.
class LineForm {
 public:
  virtual ~LineForm() = default;

  /// Takes the line with the tag `tag`; false if this form has no such line.
  /// Throws TraceError if the line is malformed.
  virtual bool take(char tag, LineFields& fields) = 0;
};

/// What the recorded process itself wrote (`heaptrack --raw`). All numbers are hexadecimal.
///   x LENGTH PATH                      the program
///   m LENGTH PATH BASE (START BYTES)*  a module, its load address, its segments; the path `x` is
///                                      the program, `-` forgets all modules
///   t ADDRESS PARENT                   a stack: a return address less one, the caller's stack;
///                                      stacks count from 1, 0 is the empty one
///   + BYTES STACK POINTER              an allocation
///   - POINTER                          a free; a realloc is - and then +
class RawForm final : public LineForm {
 public:
  RawForm(CallStacks& stacks, EventRecorder& recorder);
  bool take(char tag, LineFields& fields) override;

 private:
  struct Segment {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t base = 0;
    std::uint32_t module = 0;
  };

  void take_program(LineFields& fields);
  void take_module(LineFields& fields);
  void take_stack(LineFields& fields);
  void take_allocation(LineFields& fields);
  void take_free(LineFields& fields);
  [[nodiscard]] CodeLocation locate(std::uint64_t address);

  CallStacks* stacks_;
  EventRecorder* recorder_;
  std::map<std::string, std::uint32_t, std::less<>> module_strings_;
  std::vector<Segment> segments_;  ///< sorted by begin if sorted_
  bool sorted_ = true;
  PointerTable slot_at_;  ///< of live objects
};

/// What heaptrack_interpret makes of that: names are known, pointers are not. All numbers are
/// hexadecimal.
///   s LENGTH TEXT   a string; strings count from 1, 0 is none
///   i ADDRESS MODULE [FUNCTION [FILE LINE (FUNCTION FILE LINE)*]]
///                   a code address, counted from 1; names are strings; after the innermost
///                   function come those that it is inlined into, outwards
///   t CODE PARENT   a stack, as in the raw form
///   a BYTES STACK   a class of objects; classes count from 0
///   + CLASS         an allocation
///   - CLASS         a free
class InterpretedForm final : public LineForm {
 public:
  /// Without a recorder (null) only stacks and names are kept.
  InterpretedForm(CallStacks& stacks, EventRecorder* recorder, FreeOrder order, std::uint64_t seed);
  bool take(char tag, LineFields& fields) override;

 private:
  /// The live objects of a class: slots, the oldest first from `oldest` on.
  struct ObjectClass {
    std::uint64_t size = 0;
    std::uint32_t site = 0;
    std::size_t oldest = 0;
    std::vector<std::uint32_t> slots;
  };

  void take_location(LineFields& fields);
  void take_stack(LineFields& fields);
  void take_class(LineFields& fields);
  void take_allocation(LineFields& fields);
  void take_free(LineFields& fields);
  std::uint32_t read_string_index(LineFields& fields, const char* what) const;
  ObjectClass& read_class(LineFields& fields);
  /// Takes one slot out of a class that has some.
  std::uint32_t pick(ObjectClass& objects);

  CallStacks* stacks_;
  EventRecorder* recorder_;
  FreeOrder order_;
  heap::Random random_;
  std::vector<ObjectClass> classes_;
  std::vector<SourceFrame> frames_;  ///< of the line at hand; kept for its memory
};

}  // namespace pinlab::workloads
