// Cohen and Petrank's P_F, reconstructed: against a heap that may move one byte for each c that
// were allocated. What the heap moves the program frees at once, but keeps on its books where it
// was (a ghost): moving costs the heap its budget and wins it nothing. Stage I is Robson's P_R up
// to sizes of 2^l; stage II keeps every aligned stretch of the heap filled to 2^-l, and allocates
// objects four times as long as the stretches.
//
// It is written after what is known of the paper's algorithm, not transcribed from it: the bound is
// theirs, and this program is only known to reach it on first fit.
#include "heap/support/wide.hpp"
#include "workloads/residues.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {
    parameter_m("65536"), parameter_n("1024"),
    heap::Parameter{.name = "workload.c",
                    .type = heap::ParameterType::count,
                    .default_text = "100",
                    .summary = "the heap may move one byte for each so many that are allocated",
                    .least = 3,
                    .most = std::uint64_t{1} << 20U}};

__extension__ using Signed = __int128;
/// Binary places of h and x: what is rounded away is far below a granule.
constexpr unsigned kPlaces = 40;
constexpr Signed kOne = Signed{1} << kPlaces;

/// What the theorem gives for one l: the bound is h M.
struct Factor {
  unsigned l = 0;
  Signed h = 0;
};

/// h for this l (Cohen and Petrank, PLDI 2013, theorem 1).
Signed factor_for(std::uint64_t m, unsigned log2_n, std::uint64_t c, unsigned l) {
  const Signed power = Signed{1} << l;
  const Signed moved = power * kOne / static_cast<Signed>(c);  // 2^l / c
  Signed sum = 0;
  for (unsigned i = 1; i <= l; ++i) {
    sum += Signed{i} * kOne / ((Signed{1} << i) - 1);
  }
  const Signed steps = Signed{log2_n} - 2 * Signed{l} - 1;
  const Signed density = kOne * 3 / 4 - moved;
  const Signed first = Signed{l + 2} * kOne / 2;
  const Signed second = (moved * (Signed{l + 1} * kOne - sum / 2)) >> kPlaces;
  const Signed third = density * steps / Signed{l + 1};
  const Signed last = ((Signed{2} << log2_n) << kPlaces) / static_cast<Signed>(m);
  const Signed below = kOne + density * steps / Signed{l + 1} / power;
  return ((first - second + third - last) << kPlaces) / below;
}

/// The best l with 2^l <= 3c/4 and 2l + 1 <= log2 n.
std::optional<Factor> best_factor(std::uint64_t m, unsigned log2_n, std::uint64_t c) {
  std::optional<Factor> best;
  for (unsigned l = 1; (std::uint64_t{4} << l) <= 3 * c && 2 * l + 1 <= log2_n; ++l) {
    const Signed h = factor_for(m, log2_n, c, l);
    if (!best || h > best->h) {
      best = {l, h};
    }
  }
  return best;
}

/// An object on the program's books.
struct Entry {
  Contest::Piece piece = 0;
  bool ghost = false;  ///< moved, and therefore freed
  Place place = {};    ///< where it was born
  bool second_stage = false;
  std::array<std::uint64_t, 2> words = {};  ///< in the stretches that it is associated with
};

class Game {
 public:
  Game(Contest& contest, unsigned log2_n, Factor factor)
      : contest_(contest), log2_n_(log2_n), l_(factor.l), h_(factor.h) {}

  void play() {
    first_stage();
    for (unsigned i = 2 * l_; i + 2 <= log2_n_; ++i) {
      thin_out(i);
      see_moves();
      const std::uint64_t size = std::uint64_t{4} << i;
      const std::uint64_t m = contest_.figures().m;
      const Signed x = (kOne - (h_ >> l_)) / Signed{l_ + 1};
      const auto wanted = static_cast<std::uint64_t>((x * static_cast<Signed>(m) >> kPlaces) /
                                                     static_cast<Signed>(size));
      allocate(size, std::min(wanted, (m - booked_) / size), i);
    }
  }

 private:
  void first_stage() {
    allocate(1, contest_.figures().m, std::nullopt);
    std::uint64_t f = 0;
    for (unsigned i = 1; i <= l_; ++i) {
      const std::uint64_t size = std::uint64_t{1} << i;
      std::array<std::uint64_t, 2> scores{};
      for (const Entry& entry : book_) {
        for (const unsigned k : {0U, 1U}) {
          scores[k] +=
              occupies(entry.place, f + k * size / 2, size) ? size - entry.place.granules : 0;
        }
      }
      f += scores[1] > scores[0] ? size / 2 : 0;
      strike_out([&](const Entry& entry) { return !occupies(entry.place, f, size); });
      see_moves();
      allocate(size, (contest_.figures().m - booked_) / size, std::nullopt);
    }
  }

  void allocate(std::uint64_t size, std::uint64_t count, std::optional<unsigned> stretch) {
    for (; count > 0; --count) {
      Entry entry{.piece = contest_.allocate(size)};
      entry.place = contest_.place(entry.piece);
      entry.words = {entry.place.start, entry.place.start};
      if (stretch) {
        // It covers at least three stretches of a quarter of its size: the first and the third.
        const std::uint64_t quarter = std::uint64_t{1} << *stretch;
        const std::uint64_t first = (entry.place.start + quarter - 1) / quarter * quarter;
        entry.second_stage = true;
        entry.words = {first, first + 2 * quarter};
      }
      book_.push_back(entry);
      booked_ += size;
    }
  }

  /// Frees as many entries, the largest first, as leave each stretch of 2^i a share of 2^-l.
  void thin_out(unsigned i) {
    std::map<std::uint64_t, std::uint64_t> weights;
    const auto each_half = [&](const Entry& entry, auto&& visit) {
      if (!entry.second_stage) {
        return visit(weights[entry.words[0] >> i], entry.place.granules);
      }
      const bool together = entry.words[0] >> i == entry.words[1] >> i;
      if (together) {
        return visit(weights[entry.words[0] >> i], entry.place.granules);
      }
      // Both, whatever the first says.
      const bool first = visit(weights[entry.words[0] >> i], entry.place.granules / 2);
      const bool second = visit(weights[entry.words[1] >> i], entry.place.granules / 2);
      return first && second;
    };
    for (const Entry& entry : book_) {
      each_half(entry, [](std::uint64_t& weight, std::uint64_t granules) {
        weight += granules;
        return true;
      });
    }
    std::ranges::stable_sort(
        book_, [](const Entry& a, const Entry& b) { return a.place.granules > b.place.granules; });
    const std::uint64_t least = std::uint64_t{1} << (i - l_);
    strike_out([&](const Entry& entry) {
      const bool dense = each_half(entry, [&](std::uint64_t& weight, std::uint64_t granules) {
        return weight >= least + granules;
      });
      if (dense) {
        each_half(entry, [](std::uint64_t& weight, std::uint64_t granules) {
          weight -= granules;
          return true;
        });
      }
      return dense;
    });
  }

  template <class Goes>
  void strike_out(Goes&& goes) {
    std::vector<Entry> kept;
    for (const Entry& entry : book_) {
      if (!goes(entry)) {
        kept.push_back(entry);
        continue;
      }
      booked_ -= entry.place.granules;
      if (!entry.ghost) {
        contest_.free(entry.piece);
      }
    }
    book_ = std::move(kept);
  }

  /// Collects; what was moved becomes a ghost.
  void see_moves() {
    contest_.collect();
    for (Entry& entry : book_) {
      if (!entry.ghost && contest_.place(entry.piece).start != entry.place.start) {
        contest_.free(entry.piece);
        entry.ghost = true;
      }
    }
  }

  Contest& contest_;
  unsigned log2_n_;
  unsigned l_;
  Signed h_;
  std::vector<Entry> book_;
  std::uint64_t booked_ = 0;  ///< granules on the books, ghosts included
};

class CohenPetrank final : public Workload {
 public:
  explicit CohenPetrank(const heap::ParameterValues& values)
      : m_(values.count("workload.m")), n_(values.count("workload.n")) {
    check_adversary(m_, n_);
    log2_n_ = exponent_of(n_, 2);
    const std::optional<Factor> factor = best_factor(m_, log2_n_, values.count("workload.c"));
    if (!factor || factor->h <= 0) {
      throw heap::ParameterError(
          "workload=cohen_petrank says nothing of so small a workload.n or so large a one beside "
          "workload.m: take n of at least 8, and m of at least 2 n");
    }
    factor_ = *factor;
  }

  void run(WorkloadContext& context) override {
    const auto bound = static_cast<std::uint64_t>(factor_.h * static_cast<Signed>(m_) >> kPlaces);
    Contest contest(context, {.m = m_, .n = n_, .bound = bound});
    Game(contest, log2_n_, factor_).play();
  }

 private:
  std::uint64_t m_;
  std::uint64_t n_;
  unsigned log2_n_ = 0;
  Factor factor_;
};

}  // namespace

WorkloadEntry workload_cohen_petrank() {
  return {.name = "cohen_petrank",
          .summary = "P_F, reconstructed: against heaps that may move one byte in c",
          .source = "N. Cohen and E. Petrank, PLDI 2013; TOPLAS 39 (2017)",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<CohenPetrank>(values);
          },
          .heap = HeapDefaults::one_block};
}

}  // namespace pinlab::workloads
