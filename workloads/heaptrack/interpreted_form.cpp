// The interpreted form: names are strings, objects are known by size and site only.
// Invariant: the slots of a class, from its oldest on, are its live objects in the order of their
// births, unless the free order is random.
#include "workloads/heaptrack/trace_forms.hpp"

namespace pinlab::workloads {

InterpretedForm::InterpretedForm(CallStacks& stacks,
                                 EventRecorder* recorder,
                                 FreeOrder order,
                                 std::uint64_t seed)
    : stacks_(&stacks), recorder_(recorder), order_(order), random_(seed) {
  stacks.set_meaning(AddressMeaning::run_address);
}

bool InterpretedForm::take(char tag, LineFields& fields) {
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
    case 'a':
      take_class(fields);
      return true;
    case 'i':
      take_location(fields);
      return true;
    case 's':
      stacks_->add_string(fields.sized_string("a string"));
      fields.end();
      return true;
    default:
      return false;
  }
}

std::uint32_t InterpretedForm::read_string_index(LineFields& fields, const char* what) const {
  return fields.hex32(what, stacks_->string_count() - 1);
}

void InterpretedForm::take_location(LineFields& fields) {
  CodeLocation location;
  location.address = fields.hex("a code address");
  location.module = read_string_index(fields, "a module's string");
  frames_.clear();
  while (fields.more()) {
    SourceFrame& frame = frames_.emplace_back();
    frame.function = read_string_index(fields, "a function's string");
    // Only the first function may stand alone: then its source is unknown.
    if (fields.more() || frames_.size() > 1) {
      frame.file = read_string_index(fields, "a file's string");
      frame.line = fields.hex32("a line number");
    }
  }
  stacks_->add_location(location, frames_);
}

void InterpretedForm::take_stack(LineFields& fields) {
  const std::uint32_t code = fields.hex32("a code address's index",
                                          static_cast<std::uint32_t>(stacks_->locations().size()));
  const std::uint32_t parent = fields.hex32("a parent stack", stacks_->stack_count() - 1);
  fields.end();
  const std::uint32_t location = code != 0 ? code - 1 : stacks_->add_location({}, {});
  stacks_->add_stack(parent, location);
}

void InterpretedForm::take_class(LineFields& fields) {
  ObjectClass objects;
  objects.size = fields.hex("a size");
  const std::uint32_t stack = fields.hex32("a stack", stacks_->stack_count() - 1);
  fields.end();
  objects.site = stacks_->site_of(stack);
  classes_.push_back(std::move(objects));
}

InterpretedForm::ObjectClass& InterpretedForm::read_class(LineFields& fields) {
  const std::uint64_t index = fields.hex("a class of allocations");
  if (index >= classes_.size()) {
    fields.fail("a class of allocations, 0x" + hexadecimal(index) +
                ", is out of range: there are 0x" + hexadecimal(classes_.size()) + " so far");
  }
  fields.end();
  return classes_[static_cast<std::size_t>(index)];
}

void InterpretedForm::take_allocation(LineFields& fields) {
  ObjectClass& objects = read_class(fields);
  if (recorder_ == nullptr) {
    return;
  }
  if (!recorder_->fits(objects.size)) {
    fields.fail("the sizes so far add up to 2^64 bytes or more");
  }
  objects.slots.push_back(recorder_->allocate(objects.site, objects.size));
}

void InterpretedForm::take_free(LineFields& fields) {
  ObjectClass& objects = read_class(fields);
  if (recorder_ == nullptr) {
    return;
  }
  if (objects.oldest == objects.slots.size()) {
    recorder_->ignore_free();
  } else {
    recorder_->free(pick(objects));
  }
}

std::uint32_t InterpretedForm::pick(ObjectClass& objects) {
  std::vector<std::uint32_t>& slots = objects.slots;
  if (order_ == FreeOrder::fifo) {
    const std::uint32_t slot = slots[objects.oldest++];
    // The dead half goes when it is the larger one: each slot is then moved once on average.
    if (objects.oldest * 2 > slots.size()) {
      slots.erase(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(objects.oldest));
      objects.oldest = 0;
    }
    return slot;
  }
  if (order_ == FreeOrder::random) {
    std::swap(slots[static_cast<std::size_t>(random_.below(slots.size()))], slots.back());
  }
  const std::uint32_t slot = slots.back();
  slots.pop_back();
  return slot;
}

}  // namespace pinlab::workloads
