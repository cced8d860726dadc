// Where a recorded program allocated: call stacks as a tree of frames, and their names.
// Invariants: stack 0 is the empty one; a stack's parent has a smaller index, so that no walk is
// endless; sites are numbered in the order of their first allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::workloads {

/// A function and where in its source, as indices of strings; 0 is unknown.
struct SourceFrame {
  std::uint32_t function = 0;
  std::uint32_t file = 0;
  std::uint32_t line = 0;
};

/// How much of a code address means the same in another run of the same program.
enum class AddressMeaning : std::uint8_t {
  module_offset,  ///< bytes from the module's load address: all of it
  run_address,    ///< an address of that run: only the offset within the page
};

/// A place in machine code.
struct CodeLocation {
  std::uint64_t address = 0;      ///< see AddressMeaning
  std::uint32_t module = 0;       ///< a string: the path of the library or program; 0 is unknown
  std::uint32_t first_frame = 0;  ///< the functions inlined there, innermost first
  std::uint32_t frame_count = 0;
};

/// The call stacks of one recorded heap.
class CallStacks {
 public:
  CallStacks();

  void set_meaning(AddressMeaning meaning) { meaning_ = meaning; }
  void set_program(std::string_view path) { program_ = path; }

  /// The path of the recorded program, empty if the trace does not tell.
  [[nodiscard]] const std::string& program() const { return program_; }

  /// The new string's index, from 1.
  std::uint32_t add_string(std::string_view text);
  /// The new location's index, from 0. REQUIRES location.module < string_count().
  std::uint32_t add_location(const CodeLocation& location, std::span<const SourceFrame> frames);
  /// The new stack's index, from 1: `location` called from the stack `parent`.
  /// REQUIRES parent < stack_count() and location < locations().size().
  std::uint32_t add_stack(std::uint32_t parent, std::uint32_t location);
  /// The site that allocates at `stack`; the first call makes it one.
  /// REQUIRES stack < stack_count().
  std::uint32_t site_of(std::uint32_t stack);
  /// Gives a location its functions. REQUIRES location < locations().size().
  void set_frames(std::uint32_t location, std::span<const SourceFrame> frames);

  [[nodiscard]] std::uint32_t string_count() const;
  [[nodiscard]] std::uint32_t stack_count() const;
  [[nodiscard]] std::size_t site_count() const { return sites_.size(); }
  [[nodiscard]] const std::string& string(std::uint32_t index) const { return strings_[index]; }
  [[nodiscard]] bool has_string(std::string_view text) const;
  [[nodiscard]] std::span<const CodeLocation> locations() const { return locations_; }
  [[nodiscard]] std::span<const SourceFrame> frames(const CodeLocation& location) const;

  /// The innermost frame of `site` that is no allocator's own function; see Trace::site_name.
  [[nodiscard]] std::string name(std::uint32_t site) const;
  /// All frames of `site`, innermost first, " < " between them.
  [[nodiscard]] std::string text(std::uint32_t site) const;
  /// Sites whose name is a module and an offset, or less, since no function is known.
  [[nodiscard]] std::size_t unnamed_sites() const;

 private:
  struct Stack {
    std::uint32_t parent = 0;
    std::uint32_t location = 0;
  };

  /// Calls `visit(location, frame or null)` for each frame of `site`, innermost first, until it
  /// returns false.
  template <class Visit>
  void walk(std::uint32_t site, Visit visit) const;
  [[nodiscard]] std::string frame_name(const CodeLocation& location,
                                       const SourceFrame* frame) const;
  [[nodiscard]] bool is_allocator(const SourceFrame* frame) const;

  AddressMeaning meaning_ = AddressMeaning::module_offset;
  std::string program_;
  std::vector<std::string> strings_;     ///< 0 is the empty one: unknown
  std::vector<SourceFrame> frames_;      ///< runs of them belong to a location
  std::vector<CodeLocation> locations_;  ///< of the stacks
  std::vector<Stack> stacks_;            ///< 0 is the empty one
  std::vector<std::uint32_t> site_of_;   ///< for each stack, kNoSite if it never allocates itself
  std::vector<std::uint32_t> sites_;     ///< the stack of each site
};

}  // namespace pinlab::workloads
