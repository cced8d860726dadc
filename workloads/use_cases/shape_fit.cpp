#include "workloads/use_cases/shape_fit.hpp"

namespace pinlab::workloads {

namespace {

using pinning::PinUse;

PinUse use_of(LifetimeClass lifetime) {
  switch (lifetime) {
    case LifetimeClass::call:
      return PinUse::call;
    case LifetimeClass::operation:
      return PinUse::operation;
    case LifetimeClass::session:
      return PinUse::session;
    default:
      return PinUse::process;
  }
}

bool expresses(const pinning::ShapeFacts& facts, LifetimeClass lifetime) {
  return facts.uses.has(use_of(lifetime)) ||
         (lifetime == LifetimeClass::call && facts.uses.has(PinUse::scope));
}

}  // namespace

std::string why_inexpressible(const pinning::ShapeFacts& facts,
                              const PinPressureOptions& pins,
                              const UseCaseOptions& options) {
  const std::string given = "pin.shape=" + pins.shape;
  if (!facts.holds_still) {
    return given +
           " holds nothing in place, and foreign code would read and write where the "
           "object was; the controls are workload.arm=handle, copy and none";
  }
  if (!expresses(facts, options.lifetime)) {
    return given + " cannot express workload.lifetime=" + std::string(name_of(options.lifetime)) +
           ": its pins last " + std::string(facts.lifetime) + "; shapes that can are " +
           pinning::shapes_that_express(use_of(options.lifetime));
  }
  const bool plain = options.order == UnpinOrder::lifo && options.thread == UnpinThread::same;
  if (!facts.uses.has(PinUse::operation) && !plain) {
    return given +
           " ends its pins on its own thread, newest first: it needs workload.order=lifo "
           "and workload.unpin_thread=same";
  }
  if (pins.shape == "limited" && (pins.limit | pins.limit_per_call) == 0) {
    return given + " needs pin.limit=N or N+M";
  }
  if (options.forgets() && pins.shape != "pinner") {
    return given + " cannot be forgotten: only pin.shape=pinner can have a managed owner";
  }
  return {};
}

}  // namespace pinlab::workloads
