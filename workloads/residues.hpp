// The adversaries that keep one residue class of addresses: Robson's P_R, which needs a heap that
// never moves, and its q-ary sibling, whose pins make any heap one.
//
// Sizes are 1, q, q^2, ... n. An object [a, a + s) is f-occupying mod S where it holds a word
// w = f (mod S): where ((f - a) mod S) < s. Before sizes of S come, the adversary keeps the objects
// that occupy one of q classes mod S, the class that keeps most room closed, and frees all others:
// each of those that stay spoils a stretch of S for itself.
#pragma once

#include "workloads/contest.hpp"

#include <cstdint>

namespace pinlab::workloads {

/// Whether `place` holds a word that is `f` modulo `size`.
[[nodiscard]] constexpr bool occupies(const Place& place, std::uint64_t f, std::uint64_t size) {
  return (f + size - place.start % size) % size < place.granules;
}

/// Whether what stays is pinned: else only a heap that never moves is held to the bound.
enum class Survivors : std::uint8_t { free_to_move, pinned };

/// Plays sizes 1, q, ... up to `largest`, a power of q.
/// Returns the residue that the last survivors occupy.
std::uint64_t play_residues(Contest& contest,
                            std::uint64_t q,
                            std::uint64_t largest,
                            Survivors survivors);

/// What it forces on every manager, in exact integers. With N live objects before the step to sizes
/// S, of L granules, L <= m, the best of q classes scores K S - L' >= (N S - L) / q, and then
/// floor((m - L') / S) come: the next N is at least floor((ceil((N S - m) / q) + m) / S). In the
/// end N objects hold words n apart: top >= n N - n + 1. Where all divides, that is
/// m (1 + (1 - 1/q) log_q n) - n + 1 (Robson 1974 for q = 2); each step rounds off less than S.
[[nodiscard]] std::uint64_t residue_bound(std::uint64_t m, std::uint64_t q, std::uint64_t n);

}  // namespace pinlab::workloads
