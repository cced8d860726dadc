#include "workloads/contest.hpp"

#include "heap/support/expects.hpp"

#include <algorithm>
#include <string>

namespace pinlab::workloads {

Contest::Contest(WorkloadContext& context, const AdversaryFigures& rules)
    : context_(context), pins_(context, "adversary") {
  context.adversary = rules;
}

Contest::~Contest() {
  for (const Piece piece : pieces()) {
    free(piece);
  }
  for (const Object& object : objects_) {
    context_.runtime.globals().end(object.global);
  }
}

Contest::Piece Contest::allocate(std::uint64_t granules) {
  EXPECTS(granules > 0 && granules <= room());
  const heap::Shape shape{.references = 0, .bytes = (granules - 1) * heap::kGranuleBytes};
  const heap::ObjectRef made = context_.pins.allocate(context_.mutator, shape);
  if (unused_.empty()) {
    unused_.push_back(static_cast<Piece>(objects_.size()));
    objects_.push_back({.global = context_.runtime.globals().add({})});
  }
  const Piece piece = unused_.back();
  unused_.pop_back();
  Object& object = objects_[piece];
  object.granules = granules;
  context_.runtime.globals().set(object.global, made);
  object.token = context_.pins.born(made);
  live_ += granules;
  context_.live.born(made.bytes());
  context_.adversary->top = std::max(context_.adversary->top, place(piece).end());
  return piece;
}

void Contest::free(Piece piece) {
  Object& object = objects_[piece];
  EXPECTS(object.granules > 0);
  unpin(piece);
  context_.pins.dropped(object.token);
  context_.runtime.globals().set(object.global, {});
  live_ -= object.granules;
  context_.live.dropped(object.granules * heap::kGranuleBytes);
  object.granules = 0;
  object.token = 0;
  unused_.push_back(piece);
}

void Contest::pin(Piece piece) {
  Object& object = objects_[piece];
  EXPECTS(object.granules > 0);
  if (!object.ticket && (object.ticket = pins_.pin(object_of(object)))) {
    context_.adversary->pins = std::max(context_.adversary->pins, ++pinned_);
  }
}

void Contest::unpin(Piece piece) {
  Object& object = objects_[piece];
  pinned_ -= object.ticket ? 1U : 0U;
  pins_.unpin(object.ticket);
}

void Contest::collect() {
  context_.mutator.collect_full(collector::CompactEffort::exhaustive);
  note_tops();
}

void Contest::collect_young() {
  context_.mutator.collect_young();
  note_tops();
}

Place Contest::place(Piece piece) const {
  const Object& object = objects_[piece];
  const std::size_t offset = object_of(object).address() - context_.runtime.heap().base();
  return {offset / heap::kGranuleBytes, object.granules};
}

bool Contest::is_young(Piece piece) const {
  return context_.runtime.heap().is_young(object_of(objects_[piece]).address());
}

std::vector<Contest::Piece> Contest::pieces() const {
  std::vector<Piece> living;
  living.reserve(objects_.size() - unused_.size());
  for (Piece piece = 0; piece < objects_.size(); ++piece) {
    if (objects_[piece].granules > 0) {
      living.push_back(piece);
    }
  }
  return living;
}

heap::ObjectRef Contest::object_of(const Object& object) const {
  return context_.runtime.globals().get(object.global);
}

void Contest::note_tops() {
  for (const Piece piece : pieces()) {
    context_.adversary->top = std::max(context_.adversary->top, place(piece).end());
  }
}

void check_adversary(std::uint64_t m, std::uint64_t n) {
  if (n > m) {
    throw heap::ParameterError("workload.n=" + std::to_string(n) + " is above workload.m=" +
                               std::to_string(m) + ": not even one object of that size may live");
  }
}

unsigned exponent_of(std::uint64_t n, std::uint64_t q) {
  unsigned exponent = 0;
  std::uint64_t power = 1;
  while (power < n) {
    power *= q;
    ++exponent;
  }
  if (power != n) {
    throw heap::ParameterError("workload.n=" + std::to_string(n) + " is no power of " +
                               std::to_string(q) + ": sizes grow from 1 by that factor");
  }
  return exponent;
}

}  // namespace pinlab::workloads
