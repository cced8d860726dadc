#include "workloads/program_pins.hpp"

#include <string>
#include <utility>

namespace pinlab::workloads {

namespace {

/// Where pins of pin.share, pin.count or pin.rate have pin.shape, these need not be able to.
std::string_view shape_beside(const PinPressureOptions& options) {
  return options.any() ? "pinner" : std::string_view(options.shape);
}

}  // namespace

ProgramPins::ProgramPins(WorkloadContext& context, std::string_view site)
    : pressure_(context.pins),
      shape_(heap::find_named(pinning::pin_shapes(), shape_beside(context.pins.options()))->make()),
      site_(context.runtime.pins().sites().intern(site)) {
  shape_->open(context.runtime.pins());
}

pinning::PinTicket ProgramPins::pin(heap::ObjectRef object) {
  check_shape();
  const bool has_room = pressure_.room().ask_now(object.bytes());
  return has_room ? shape_->pin(object, site_) : pinning::PinTicket();
}

void ProgramPins::unpin(pinning::PinTicket& ticket) {
  if (ticket) {
    shape_->unpin(std::exchange(ticket, {}));
    pressure_.room().give_back();
  }
}

// Not before the first pin: a program that makes none may have pin.share and any shape.
void ProgramPins::check_shape() {
  if (std::exchange(checked_, true)) {
    return;
  }
  const PinPressureOptions& options = pressure_.options();
  const pinning::ShapeFacts& facts = shape_->facts();
  const std::string given = "pin.shape=" + std::string(facts.name);
  if (!facts.holds_still || !facts.uses.has(pinning::PinUse::operation)) {
    throw collector::OptionsError(
        given + (facts.holds_still ? " ends its pins newest first" : " holds nothing in place") +
        ", and this program pins to hold, and unpins in any order; shapes that can do both are " +
        pinning::shapes_that_express(pinning::PinUse::operation));
  }
  if (facts.name == "limited" && (options.limit | options.limit_per_call) == 0) {
    throw collector::OptionsError(given + " needs pin.limit=N or N+M");
  }
}

}  // namespace pinlab::workloads
