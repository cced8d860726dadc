#include "workloads/residues.hpp"

#include <algorithm>

namespace pinlab::workloads {

namespace {

/// The class, of the q into which f mod size/q falls apart, whose objects keep most room closed;
/// the first of equals.
std::uint64_t best_class(const Contest& contest,
                         std::uint64_t f,
                         std::uint64_t q,
                         std::uint64_t size) {
  std::vector<std::uint64_t> scores(q);
  for (const Contest::Piece piece : contest.pieces()) {
    const Place place = contest.place(piece);
    // Objects are no longer than size / q, so that each is in one class, or, where it was moved, in
    // none.
    const std::uint64_t step = size / q;
    const std::uint64_t word = place.start + (f + step - place.start % step) % step;
    if (word < place.end()) {
      scores[(word + size - f) % size / step] += size - place.granules;
    }
  }
  return static_cast<std::uint64_t>(std::ranges::max_element(scores) - scores.begin());
}

}  // namespace

std::uint64_t play_residues(Contest& contest,
                            std::uint64_t q,
                            std::uint64_t largest,
                            Survivors survivors) {
  while (contest.room() > 0) {
    contest.allocate(1);
  }
  std::uint64_t f = 0;
  for (std::uint64_t size = q; size <= largest; size *= q) {
    f += best_class(contest, f, q, size) * (size / q);
    contest.free_unless([&](const Place& place) { return occupies(place, f, size); });
    if (survivors == Survivors::pinned) {
      for (const Contest::Piece piece : contest.pieces()) {
        contest.pin(piece);
      }
    }
    contest.collect();
    for (std::uint64_t left = contest.room() / size; left > 0; --left) {
      contest.allocate(size);
    }
  }
  return f;
}

std::uint64_t residue_bound(std::uint64_t m, std::uint64_t q, std::uint64_t n) {
  std::uint64_t objects = m;
  for (std::uint64_t size = q; size <= n; size *= q) {
    const std::uint64_t closed = objects * size;
    const std::uint64_t score = closed > m ? (closed - m + q - 1) / q : 0;
    objects = (score + m) / size;
  }
  return n * objects - n + 1;
}

}  // namespace pinlab::workloads
