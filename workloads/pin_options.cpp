#include "workloads/pin_options.hpp"

#include "heap/support/words.hpp"
#include "pinning/shape.hpp"
#include "collector/options.hpp"

namespace pinlab::workloads {

namespace {

using Kind = heap::Distribution::Kind;
using pinning::PinUse;

/// A pin with an end of its own may end in any order, as an operation does.
PinUse use_of(const heap::Distribution& lifetime) {
  switch (lifetime.kind) {
    case Kind::scope:
      return PinUse::scope;
    case Kind::forever:
      return PinUse::process;
    default:
      return PinUse::operation;
  }
}

[[noreturn]] void refuse(const std::string& sentence) {
  throw collector::OptionsError(sentence);
}

void check_amount(const PinPressureOptions& options) {
  const int given =
      (options.share != 0 ? 1 : 0) + (options.count != 0 ? 1 : 0) + (options.rate != 0 ? 1 : 0);
  if (given > 1) {
    refuse("pin.share, pin.count and pin.rate exclude each other: give one of them");
  }
  if (options.share > heap::kBillion) {
    refuse("pin.share is at most 1");
  }
  if (options.parents > heap::kBillion) {
    refuse("pin.parents is at most 1");
  }
  if (options.batch == 0) {
    refuse("pin.batch is at least 1");
  }
  if (options.count % options.batch != 0) {
    refuse("pin.count=" + std::to_string(options.count) + " is not a multiple of pin.batch=" +
           std::to_string(options.batch) + ": whole batches begin and end");
  }
}

void check_lifetime(const heap::Distribution& lifetime) {
  if (lifetime.kind == Kind::pareto && (lifetime.a == 0 || lifetime.b == 0)) {
    refuse("pin.lifetime=pareto(ALPHA,LEAST) needs both above 0");
  }
  if (lifetime.kind == Kind::uniform && lifetime.a > lifetime.b) {
    refuse("pin.lifetime=uniform(LEAST,MOST) needs a range that is not empty");
  }
}

void check_shape(const PinPressureOptions& options) {
  const auto* entry = heap::find_named(pinning::pin_shapes(), options.shape);
  if (entry == nullptr) {
    refuse("no pin shape is called " + heap::quoted_text(options.shape));
  }
  const pinning::ShapeFacts facts = entry->make()->facts();
  const bool expressed = options.lifetime.kind == Kind::scope
                             ? facts.uses.has(PinUse::scope) || facts.uses.has(PinUse::call)
                             : facts.uses.has(use_of(options.lifetime));
  if (options.any() && options.shape == "limited" &&
      (options.limit | options.limit_per_call) == 0) {
    refuse("pin.shape=limited needs pin.limit=N or N+M");
  }
  // Without a pressure the workload pins by itself, and says which shapes it can do with.
  if (options.any() && !expressed) {
    refuse("pin.shape=" + options.shape + " needs pin.lifetime=scope: its pins last " +
           std::string(facts.lifetime) + "; shapes that can express this lifetime are " +
           pinning::shapes_that_express(use_of(options.lifetime)));
  }
}

void check_leak(const PinPressureOptions& options) {
  if (options.leak == PinLeakKind::none) {
    return;
  }
  if (options.shape != "pinner") {
    refuse(
        "pin.leak needs pin.shape=pinner: other shapes have rules of their own for what is lost");
  }
  if (options.lifetime.kind == Kind::scope || options.lifetime.kind == Kind::forever) {
    refuse(
        "pin.leak needs a pin.lifetime with an end that can be forgotten: pins of a scope end with "
        "it, and those for ever never do");
  }
  if (options.batch != 1) {
    refuse("pin.leak needs pin.batch=1: pins are forgotten one by one");
  }
  if (options.leak_share > heap::kBillion) {
    refuse("pin.leak_share is at most 1");
  }
}

void check_placement(const PinPressureOptions& options) {
  if (options.placement == collector::PinPlacement::anywhere) {
    return;
  }
  const auto* entry = heap::find_named(pinning::pin_shapes(), options.shape);
  const pinning::ShapeFacts facts = entry->make()->facts();
  if (!facts.holds_still) {
    refuse("pin.shape=" + options.shape +
           " holds no object still, so that none needs a place of its own: take "
           "pin.placement=anywhere, or a shape that does, as " +
           pinning::shapes_that_express(use_of(options.lifetime)));
  }
  if (options.placement == collector::PinPlacement::migrate && options.any() &&
      !facts.uses.has(PinUse::operation)) {
    refuse("pin.shape=" + options.shape +
           " ends its pins newest first, and with pin.placement=migrate a pin of an outer scope "
           "may be made after those of an inner one; shapes that end them in any order are " +
           pinning::shapes_that_express(PinUse::operation));
  }
}

void check_boundary(const PinPressureOptions& options) {
  if (options.early != 0 && options.late != 0) {
    refuse("pin.early and pin.late exclude each other: give one of them");
  }
}

void check_target(const PinPressureOptions& options) {
  if (options.target != "uniform" && options.target != "site" && options.target != "size" &&
      options.target != "io") {
    refuse("pin.target=" + options.target + " is not there: take uniform, site, size or io");
  }
  if (options.target == "site" && options.site_pattern.empty()) {
    refuse("pin.target=site needs a pattern for the names of sites");
  }
  if (options.target == "size" && options.size_least > options.size_most) {
    refuse("pin.target=size needs a range of sizes that is not empty");
  }
}

}  // namespace

void check_pin_options(const PinPressureOptions& options) {
  check_leak(options);
  check_boundary(options);
  check_amount(options);
  check_lifetime(options.lifetime);
  check_target(options);
  check_shape(options);
  check_placement(options);
}

// A mismatch goes back to the last star and lets it take one character more: linear in practice,
// and never worse than the product of the lengths.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace pinlab::workloads
