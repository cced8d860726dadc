// The raw form: pointers are objects, code addresses are offsets in modules.
// Invariant: slot_at_ holds exactly the live objects of the recorder.
#include "workloads/heaptrack/trace_forms.hpp"

#include <algorithm>
#include <functional>

namespace pinlab::workloads {

RawForm::RawForm(CallStacks& stacks, EventRecorder& recorder)
    : stacks_(&stacks), recorder_(&recorder) {
  stacks.set_meaning(AddressMeaning::module_offset);
}

bool RawForm::take(char tag, LineFields& fields) {
  switch (tag) {
    case '+':
      take_allocation(fields);
      return true;
    case '-':
      take_free(fields);
      return true;
    case 't':
      take_stack(fields);
      return true;
    case 'm':
      take_module(fields);
      return true;
    case 'x':
      take_program(fields);
      return true;
    default:
      return false;
  }
}

void RawForm::take_program(LineFields& fields) {
  const std::string_view path = fields.sized_string("the program's path");
  fields.end();
  if (!stacks_->program().empty()) {
    fields.fail("a second program in one trace: heaptrack records one process");
  }
  stacks_->set_program(path);
}

void RawForm::take_module(LineFields& fields) {
  std::string_view path = fields.sized_string("a module's path");
  if (path == "-") {
    fields.end();
    segments_.clear();
    return;
  }
  if (path == "x") {
    path = stacks_->program();
  }
  auto entry = module_strings_.find(path);
  if (entry == module_strings_.end()) {
    entry = module_strings_.emplace(path, stacks_->add_string(path)).first;
  }
  const std::uint64_t base = fields.hex("a module's load address");
  while (fields.more()) {
    const std::uint64_t begin = base + fields.hex("a segment's address", ~base);
    const std::uint64_t end = begin + fields.hex("a segment's size", ~begin);
    segments_.push_back({begin, end, base, entry->second});
    sorted_ = false;
  }
}

CodeLocation RawForm::locate(std::uint64_t address) {
  if (!sorted_) {
    std::stable_sort(segments_.begin(), segments_.end(),
                     [](const Segment& a, const Segment& b) { return a.begin < b.begin; });
    sorted_ = true;
  }
  const auto after =
      std::upper_bound(segments_.begin(), segments_.end(), address,
                       [](std::uint64_t wanted, const Segment& s) { return wanted < s.begin; });
  CodeLocation location;
  if (after == segments_.begin() || address >= std::prev(after)->end) {
    return location;
  }
  const Segment& segment = *std::prev(after);
  location.address = address - segment.base;
  location.module = segment.module;
  return location;
}

void RawForm::take_stack(LineFields& fields) {
  const std::uint64_t address = fields.hex("a code address");
  const std::uint32_t parent = fields.hex32("a parent stack", stacks_->stack_count() - 1);
  fields.end();
  stacks_->add_stack(parent, stacks_->add_location(locate(address), {}));
}

void RawForm::take_allocation(LineFields& fields) {
  const std::uint64_t size = fields.hex("a size");
  if (!recorder_->fits(size)) {
    fields.fail("the sizes so far add up to 2^64 bytes or more");
  }
  const std::uint32_t stack = fields.hex32("a stack", stacks_->stack_count() - 1);
  const std::uint64_t pointer = fields.hex("a pointer");
  fields.end();
  // The dead object's slot must be free before the new one asks for a slot.
  const std::uint32_t dead = slot_at_.take(pointer);
  if (dead != PointerTable::kNone) {
    recorder_->note_reused_pointer();
    recorder_->free(dead);
  }
  slot_at_.put(pointer, recorder_->allocate(stacks_->site_of(stack), size));
}

void RawForm::take_free(LineFields& fields) {
  const std::uint64_t pointer = fields.hex("a pointer");
  fields.end();
  const std::uint32_t slot = slot_at_.take(pointer);
  if (slot == PointerTable::kNone) {
    recorder_->ignore_free();
  } else {
    recorder_->free(slot);
  }
}

}  // namespace pinlab::workloads
