#include "harness/sweep/matrix.hpp"

#include "heap/support/digest.hpp"
#include "heap/support/wide.hpp"
#include "heap/support/words.hpp"
#include "harness/json_input.hpp"
#include "harness/outcome.hpp"
#include "harness/record.hpp"
#include "harness/sweep/where.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <unordered_map>

namespace pinlab::harness {

namespace {

bool is_program_of(const MinimalHeap& heap, const Settings& parameters) {
  return std::ranges::all_of(heap.parameters, [&](const Setting& wanted) {
    const auto found = std::ranges::find(parameters, wanted.name, &Setting::name);
    return found != parameters.end() && found->text == wanted.text;
  });
}

Settings texts_of(const heap::ParameterValues& values) {
  Settings settings;
  settings.reserve(values.parameters().size());
  for (const heap::Parameter& parameter : values.parameters()) {
    settings.push_back({std::string(parameter.name), values.canonical(parameter.name)});
  }
  return settings;
}

std::uint64_t minimal_heap(const std::vector<MinimalHeap>& heaps, const Settings& parameters) {
  const auto seed = std::ranges::find(parameters, "seed", &Setting::name);
  const MinimalHeap* found = nullptr;
  const auto is_better = [&](const MinimalHeap& heap) {
    const bool same = heap.seed == seed->text;
    const bool same_before = found != nullptr && found->seed == seed->text;
    return found == nullptr || (same && !same_before) ||
           (same == same_before && heap.bytes < found->bytes);
  };
  for (const MinimalHeap& heap : heaps) {
    if (is_program_of(heap, parameters) && is_better(heap)) {
      found = &heap;
    }
  }
  if (found == nullptr) {
    std::string program;
    for (const Setting& setting : parameters) {
      if (setting.name == "workload" || setting.name.starts_with("workload.")) {
        program += " --" + setting.name + "=" + setting.text;
      }
    }
    throw UsageError(
        "a size is relative to the smallest heap, and nobody has measured that: pinlab minheap" +
        program + " --out=minheap.json, then --minheap=minheap.json");
  }
  return found->bytes;
}

class Builder {
 public:
  Builder(const Matrix& matrix, const std::vector<MinimalHeap>& heaps)
      : matrix_(matrix), heaps_(heaps), where_(matrix.where) {}

  std::vector<Cell> build(std::uint64_t most) {
    std::vector<std::size_t> at(matrix_.axes.size(), 0);
    do {
      add(at);
      if (cells_.size() > most) {
        throw UsageError("the matrix has more than " + std::to_string(most) +
                         " cells: narrow it, or allow more with --max-cells");
      }
    } while (advance(at));
    if (cells_.empty()) {
      throw UsageError("the matrix is empty: --where holds for no cell");
    }
    return std::move(cells_);
  }

 private:
  bool advance(std::vector<std::size_t>& at) const {
    for (std::size_t i = at.size(); i-- > 0;) {
      if (++at[i] < matrix_.axes[i].points.size()) {
        return true;
      }
      at[i] = 0;
    }
    return false;
  }

  void add(const std::vector<std::size_t>& at) {
    Cell cell{.id = {}, .at = at, .axes = {}, .settings = matrix_.fixed, .parameters = {}};
    for (std::size_t i = 0; i < at.size(); ++i) {
      const SweepAxis& axis = matrix_.axes[i];
      for (std::size_t k = 0; k < axis.names.size(); ++k) {
        if (const std::string& text = axis.points[at[i]][k]; !text.empty()) {
          cell.axes.push_back({axis.names[k], text});
          cell.settings.push_back(cell.axes.back());
        }
      }
    }
    const heap::ParameterValues values = resolved(cell);
    if (!where_.holds(values)) {
      return;
    }
    cell.parameters = texts_of(values);
    for (Setting& axis : cell.axes) {
      axis.text = values.canonical(axis.name);
    }
    cell.id = ids_.of(values);
    const auto [twin, is_new] = seen_.emplace(cell.id, cells_.size());
    if (!is_new) {
      throw UsageError("two cells are the same run: " + label_of(cells_[twin->second]) + " and " +
                       label_of(cell));
    }
    cells_.push_back(std::move(cell));
  }

  heap::ParameterValues resolved(Cell& cell) const {
    try {
      resolve_minimum(cell);
      return resolve({}, cell.settings);
    } catch (const std::invalid_argument& error) {
      const std::string label = label_of(cell);
      throw UsageError(label.empty() ? error.what()
                                     : "the cell " + label + " cannot be: " + error.what());
    }
  }

  /// 1.5*min becomes bytes, rounded up to blocks.
  void resolve_minimum(Cell& cell) const {
    Settings plain = cell.settings;
    std::erase_if(plain, [](const Setting& s) { return !factor_of_min(s.text).empty(); });
    if (plain.size() == cell.settings.size()) {
      return;
    }
    const heap::ParameterValues values = resolve({}, plain);
    const std::uint64_t minimum = minimal_heap(heaps_, texts_of(values));
    const std::uint64_t block = values.size("heap.block");
    for (Setting& setting : cell.settings) {
      const std::string_view factor = factor_of_min(setting.text);
      if (!factor.empty()) {
        heap::Parameter decimal = any_parameter(setting.name);
        decimal.type = heap::ParameterType::decimal;
        const heap::Wide bytes = heap::Wide{minimum} * number_of(decimal, factor) / heap::kBillion;
        const auto blocks = static_cast<std::uint64_t>((bytes + block - 1) / block);
        setting.text = heap::canonical_number(heap::ParameterType::size, blocks * block);
      }
    }
  }

  const Matrix& matrix_;
  const std::vector<MinimalHeap>& heaps_;
  Where where_;
  ContentIds ids_;
  std::vector<Cell> cells_;
  std::unordered_map<std::string, std::size_t> seen_;
};

void refuse_twice(const Matrix& matrix) {
  std::vector<std::string> names;
  for (const SweepAxis& axis : matrix.axes) {
    names.insert(names.end(), axis.names.begin(), axis.names.end());
  }
  for (const Setting& setting : matrix.fixed) {
    names.push_back(setting.name);
  }
  std::ranges::sort(names);
  const auto twin = std::ranges::adjacent_find(names);
  if (twin != names.end()) {
    throw UsageError(*twin + " is given twice: as two axes, or as an axis and a parameter");
  }
}

/// The round in which each of n places is taken: the ends, the middle, the middles between.
std::vector<std::size_t> fill_levels(std::size_t n) {
  std::vector<std::size_t> levels(n, 0);
  std::vector<std::pair<std::size_t, std::size_t>> open = {{0, n == 0 ? 0 : n - 1}};
  for (std::size_t level = 1; !open.empty(); ++level) {
    std::vector<std::pair<std::size_t, std::size_t>> next;
    for (const auto& [low, high] : open) {
      if (high - low < 2) {
        continue;
      }
      const std::size_t middle = std::midpoint(low, high);
      levels[middle] = level == 1 ? 0 : level - 1;
      next.emplace_back(low, middle);
      next.emplace_back(middle, high);
    }
    open = std::move(next);
  }
  return levels;
}

}  // namespace

std::string ContentIds::of(const heap::ParameterValues& values,
                           std::span<const std::string_view> left_out) {
  std::string content(kRecordSchema);
  for (const heap::Parameter& parameter : values.parameters()) {
    if (std::ranges::find(left_out, parameter.name) == left_out.end()) {
      const std::string& text = values.canonical(parameter.name);
      std::error_code error;
      const bool names_file = parameter.type == heap::ParameterType::text && !text.empty() &&
                              std::filesystem::is_regular_file(text, error);
      content += "\n" + std::string(parameter.name) + "=" +
                 (names_file ? "content " + content_of(text) : text);
    }
  }
  return digest_text(hash_of(content)).substr(0, 12);
}

const std::string& ContentIds::content_of(const std::string& path) {
  const auto found = contents_.find(path);
  return found != contents_.end()
             ? found->second
             : contents_.emplace(path, digest_text(hash_of(read_file(path)))).first->second;
}

std::uint64_t hash_of(std::string_view bytes) {
  heap::Digest digest;
  std::uint64_t word = 0;
  unsigned filled = 0;
  for (const char c : bytes) {
    word |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * filled);
    if (++filled == 8) {
      digest.add(word);
      word = 0;
      filled = 0;
    }
  }
  digest.add(word);
  digest.add(bytes.size());
  return digest.value();
}

std::vector<Cell> cells_of(const Matrix& matrix,
                           const std::vector<MinimalHeap>& heaps,
                           std::uint64_t most_cells) {
  refuse_twice(matrix);
  heap::Wide product = 1;
  for (const SweepAxis& axis : matrix.axes) {
    product *= axis.points.size();
    if (product > 1'000'000) {
      throw UsageError("the axes come to more than a million cells before --where");
    }
  }
  return Builder(matrix, heaps).build(most_cells);
}

std::vector<std::size_t> running_order(const Matrix& matrix, const std::vector<Cell>& cells) {
  std::vector<std::size_t> order(cells.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (matrix.order == CellOrder::shuffle) {
    std::ranges::sort(order, {}, [&](std::size_t i) { return hash_of(cells[i].id); });
  }
  if (matrix.order == CellOrder::fillin) {
    std::vector<std::vector<std::size_t>> levels;
    for (const SweepAxis& axis : matrix.axes) {
      levels.push_back(fill_levels(axis.points.size()));
    }
    std::vector<std::size_t> level(cells.size(), 0);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      for (std::size_t k = 0; k < levels.size(); ++k) {
        level[i] = std::max(level[i], levels[k][cells[i].at[k]]);
      }
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return level[i]; });
  }
  return order;
}

std::string plan_hash(const std::vector<Cell>& cells, std::uint32_t reps) {
  std::string text = std::to_string(reps);
  for (const Cell& cell : cells) {
    text += "\n" + cell.id;
  }
  return digest_text(hash_of(text));
}

std::string label_of(const Cell& cell) {
  std::string text;
  for (const Setting& setting : cell.axes) {
    text += (text.empty() ? "" : " ") + setting.name + "=" + setting.text;
  }
  return text;
}

}  // namespace pinlab::harness
