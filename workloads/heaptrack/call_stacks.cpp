// The tree of call stacks and the names read off it.
// Invariant: every index kept here was in range when it was added; nothing is ever removed.
#include "workloads/heaptrack/call_stacks.hpp"

#include "heap/support/expects.hpp"
#include "workloads/heaptrack/trace_error.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace pinlab::workloads {
namespace {

constexpr std::uint32_t kNoSite = std::numeric_limits<std::uint32_t>::max();

/// What a program calls to get memory, whoever wants it: no name for a site.
constexpr std::array<std::string_view, 9> kAllocatorFunctions = {
    "malloc",   "calloc",         "realloc", "reallocarray", "aligned_alloc",
    "memalign", "posix_memalign", "valloc",  "pvalloc"};

/// operator new and operator new[], with whatever parameters.
constexpr std::string_view kOperatorNew = "operator new";

/// The functions above go by other names inside of libc: __libc_malloc, __GI___libc_malloc.
std::string_view without_prefixes(std::string_view function) {
  for (const std::string_view prefix : {"__GI_", "__libc_", "__"}) {
    if (function.substr(0, prefix.size()) == prefix) {
      function.remove_prefix(prefix.size());
    }
  }
  return function;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::uint32_t index_of(std::size_t index) {
  EXPECTS(index < kNoSite);
  return static_cast<std::uint32_t>(index);
}

}  // namespace

CallStacks::CallStacks() : strings_(1), stacks_(1), site_of_(1, kNoSite) {}

std::uint32_t CallStacks::string_count() const {
  return index_of(strings_.size());
}
std::uint32_t CallStacks::stack_count() const {
  return index_of(stacks_.size());
}

std::uint32_t CallStacks::add_string(std::string_view text) {
  strings_.emplace_back(text);
  return index_of(strings_.size() - 1);
}

std::uint32_t CallStacks::add_location(const CodeLocation& location,
                                       std::span<const SourceFrame> frames) {
  EXPECTS(location.module < strings_.size());
  locations_.push_back(location);
  const std::uint32_t index = index_of(locations_.size() - 1);
  set_frames(index, frames);
  return index;
}

std::uint32_t CallStacks::add_stack(std::uint32_t parent, std::uint32_t location) {
  EXPECTS(parent < stacks_.size());
  EXPECTS(location < locations_.size());
  stacks_.push_back({parent, location});
  site_of_.push_back(kNoSite);
  return index_of(stacks_.size() - 1);
}

std::uint32_t CallStacks::site_of(std::uint32_t stack) {
  std::uint32_t& site = site_of_[stack];
  if (site == kNoSite) {
    site = index_of(sites_.size());
    sites_.push_back(stack);
  }
  return site;
}

void CallStacks::set_frames(std::uint32_t location, std::span<const SourceFrame> frames) {
  EXPECTS(location < locations_.size());
  locations_[location].first_frame = index_of(frames_.size());
  locations_[location].frame_count = index_of(frames.size());
  frames_.insert(frames_.end(), frames.begin(), frames.end());
}

std::span<const SourceFrame> CallStacks::frames(const CodeLocation& location) const {
  return std::span(frames_).subspan(location.first_frame, location.frame_count);
}

template <class Visit>
void CallStacks::walk(std::uint32_t site, Visit visit) const {
  EXPECTS(site < sites_.size());
  for (std::uint32_t stack = sites_[site]; stack != 0; stack = stacks_[stack].parent) {
    const CodeLocation& location = locations_[stacks_[stack].location];
    if (location.frame_count == 0 && !visit(location, nullptr)) {
      return;
    }
    for (const SourceFrame& frame : frames(location)) {
      if (!visit(location, &frame)) {
        return;
      }
    }
  }
}

std::string CallStacks::frame_name(const CodeLocation& location, const SourceFrame* frame) const {
  std::string name;
  if (frame != nullptr && frame->function != 0) {
    name = strings_[frame->function];
  } else if (location.module == 0) {
    name = "(unknown)";
  } else if (meaning_ == AddressMeaning::module_offset) {
    name =
        std::string(base_name(strings_[location.module])) + "+0x" + hexadecimal(location.address);
  } else {
    // Programs move by whole pages between runs: the last three digits are all that a name may
    // hold.
    name = std::string(base_name(strings_[location.module])) + "+..." +
           hexadecimal(location.address & 0xfffU, 3);
  }
  if (frame != nullptr && frame->file != 0) {
    name.append(" (").append(base_name(strings_[frame->file]));
    name.append(frame->line == 0 ? ")" : ":" + std::to_string(frame->line) + ")");
  }
  return name;
}

bool CallStacks::is_allocator(const SourceFrame* frame) const {
  if (frame == nullptr || frame->function == 0) {
    return false;
  }
  const std::string_view function = strings_[frame->function];
  return function.substr(0, kOperatorNew.size()) == kOperatorNew ||
         std::find(kAllocatorFunctions.begin(), kAllocatorFunctions.end(),
                   without_prefixes(function)) != kAllocatorFunctions.end();
}

std::string CallStacks::name(std::uint32_t site) const {
  std::string innermost = "(no call stack)";
  std::string found;
  bool first = true;
  walk(site, [&](const CodeLocation& location, const SourceFrame* frame) {
    if (first) {
      innermost = frame_name(location, frame);
      first = false;
    }
    if (is_allocator(frame)) {
      return true;
    }
    found = frame_name(location, frame);
    return false;
  });
  return found.empty() ? innermost : found;
}

std::string CallStacks::text(std::uint32_t site) const {
  std::string text;
  walk(site, [&](const CodeLocation& location, const SourceFrame* frame) {
    text.append(text.empty() ? "" : " < ").append(frame_name(location, frame));
    return true;
  });
  return text.empty() ? "(no call stack)" : text;
}

bool CallStacks::has_string(std::string_view text) const {
  return std::find(strings_.begin(), strings_.end(), text) != strings_.end();
}

std::size_t CallStacks::unnamed_sites() const {
  std::size_t count = 0;
  for (std::uint32_t site = 0; site < sites_.size(); ++site) {
    bool named = false;
    walk(site, [&](const CodeLocation&, const SourceFrame* frame) {
      named = frame != nullptr && frame->function != 0;
      return is_allocator(frame);
    });
    count += named ? 0 : 1;
  }
  return count;
}

}  // namespace pinlab::workloads
