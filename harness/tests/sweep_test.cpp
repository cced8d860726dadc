// The grammar of sweeps: axes, conditions, cells and their order.
#include "harness/outcome.hpp"
#include "harness/sweep/axis.hpp"
#include "harness/sweep/event_log.hpp"
#include "harness/sweep/matrix.hpp"
#include "harness/sweep/progress.hpp"
#include "harness/sweep/where.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

using namespace pinlab;
using harness::Matrix;
using harness::parse_axis;
using harness::UsageError;

namespace {

std::vector<std::string> values(std::string_view axis) {
  std::vector<std::string> texts;
  for (const std::vector<std::string>& point : parse_axis(axis).points) {
    texts.push_back(point.front());
  }
  return texts;
}

using Texts = std::vector<std::string>;

std::string complaint(std::string_view axis) {
  try {
    static_cast<void>(parse_axis(axis));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

Matrix matrix_of(const std::vector<std::string>& axes) {
  Matrix matrix;
  for (const std::string& axis : axes) {
    matrix.axes.push_back(parse_axis(axis));
  }
  return matrix;
}

std::size_t count_where(const std::string& where) {
  Matrix matrix =
      matrix_of({"pin.share=0,0.1%,1%", "pin.lifetime=fixed(16MiB),exp(64MiB),forever"});
  matrix.where = where;
  return harness::cells_of(matrix, {}).size();
}

}  // namespace

TEST_CASE("an axis is a list of values in canonical form") {
  CHECK(values("pin.share=0,0.1%,0.01") == Texts{"0", "0.001", "0.01"});
  CHECK(values("heap.max=64MiB,1048576KiB") == Texts{"64MiB", "1GiB"});
  CHECK(values("plan=generational,semispace") == Texts{"generational", "semispace"});
  CHECK(values("pin.lifetime=uniform(1KiB,1MiB),object") == Texts{"uniform(1KiB,1MiB)", "object"});
  CHECK(values("workload.trace=\"a,b:c\",../x..y") == Texts{"a,b:c", "../x..y"});
}

TEST_CASE("ranges go by sums, products and numbers of steps") {
  CHECK(values("seed=1..4") == Texts{"1", "2", "3", "4"});
  CHECK(values("seed=7..7") == Texts{"7"});
  CHECK(values("seed=1:10:+3,20") == Texts{"1", "4", "7", "10", "20"});
  CHECK(values("seed=1:9:+3") == Texts{"1", "4", "7"});
  CHECK(values("heap.max=64MiB:1GiB:x2") == Texts{"64MiB", "128MiB", "256MiB", "512MiB", "1GiB"});
  CHECK(values("pin.share=0.001:0.1:x10") == Texts{"0.001", "0.01", "0.1"});
  CHECK(values("pin.share=0:1:#5") == Texts{"0", "0.25", "0.5", "0.75", "1"});
  CHECK(values("heap.max=64MiB:256MiB:log#3") == Texts{"64MiB", "128MiB", "256MiB"});
  CHECK(values("pin.lifetime=fixed(1MiB:16MiB:x4)") ==
        Texts{"fixed(1MiB)", "fixed(4MiB)", "fixed(16MiB)"});
  CHECK(values("pin.lifetime=uniform(1KiB:2KiB:x2,1MiB:2MiB:x2)").size() == 4);
  CHECK(values("heap.max=1.25*min:4*min:log#3") == Texts{"1.25*min", "2.24*min", "4*min"});
  CHECK(values("heap.max=min,1.5*min") == Texts{"1*min", "1.5*min"});
}

TEST_CASE("the end of a range is a value where the steps land on it, however many they are") {
  for (const std::uint64_t factor : {2U, 3U, 5U, 7U}) {
    std::uint64_t end = 1;
    for (std::size_t steps = 1; steps < 12; ++steps) {
      end *= factor;
      const auto range = values("seed=1:" + std::to_string(end) + ":x" + std::to_string(factor));
      CHECK(range.size() == steps + 1);
      CHECK(range.back() == std::to_string(end));
    }
  }
}

TEST_CASE("random ranges stay between their ends, rise, and begin and end where they say") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t lo = 1 + random() % 100'000;
    const std::uint64_t hi = lo + 200 + random() % 1'000'000;
    const std::uint64_t n = 2 + random() % 20;
    for (const char* const step : {"#", "log#"}) {
      Texts texts;
      try {
        texts = values("seed=" + std::to_string(lo) + ":" + std::to_string(hi) + ":" + step +
                       std::to_string(n));
      } catch (const UsageError&) {
        continue;  // nearer to each other than three digits tell
      }
      REQUIRE(texts.size() == n);
      CHECK(texts.front() == std::to_string(lo));
      CHECK(texts.back() == std::to_string(hi));
      for (std::size_t k = 1; k < n; ++k) {
        CHECK(std::stoull(texts[k - 1]) < std::stoull(texts[k]));
      }
    }
  }
}

TEST_CASE("what is no axis is said before anything runs") {
  for (const auto& row : std::vector<std::pair<std::string, std::string>>{
           {"seed", "not written as name=values"},
           {"sead=1", "did you mean seed?"},
           {"seed=", "a value is missing"},
           {"seed=1,,2", "a value is missing"},
           {"seed=5..1", "is empty"},
           {"heap.max=1GiB:64MiB:x2", "is empty"},
           {"seed=1:5:+0", "a step of nothing"},
           {"seed=1:5:-1", "none of +, x, # and log#"},
           {"seed=1:5:+-1", "is no count"},
           {"seed=1:5:x1", "not above 1"},
           {"seed=1:5:x0.5", "not above 1"},
           {"seed=0:5:x2", "begins at 0"},
           {"seed=1:5", "has no step"},
           {"seed=1:5:#1", "# needs 2"},
           {"seed=1:3:#9", "nearer to each other"},
           {"seed=0:3:log#2", "begins at 0"},
           {"seed=1:1000000:+1", "more than 100000 values"},
           {"seed=1,1", "is there twice"},
           {"pin.share=1%,0.01", "is there twice"},
           {"pin.share=0..1", "is for whole numbers"},
           {"pin.share=2", "too large"},
           {"heap.max=lots", "is no size"},
           {"heap.max=1GiB:2*min:x2", "is no size"},
           {"heap.max=1*min:2GiB:x2", "one without"},
           {"pin.lifetime=fixed(1MiB", "unequal parentheses"},
           {"workload.trace=\"a", "a quote that does not end"},
           {"(seed,plan)=(1,semispace,3)", "3 values for 2 parameters"},
           {"(seed,plan)=1", "is no tuple"},
           {"(seed,plan)", "is not written as"},
           {"(seed,seed)=(1,2)", "zipped with itself"},
           {"(seed,plan)=(1..3,semispace)", "is a range"}}) {
    const auto& axis = row.first;
    const auto& fragment = row.second;
    CAPTURE(axis);
    CHECK(complaint(axis).find(fragment) != std::string::npos);
    CAPTURE(complaint(axis));
  }
}

TEST_CASE("axes multiply, and zipped ones go together") {
  const Matrix matrix = matrix_of({"pin.share=0,0.001,0.01", "heap.max=64MiB:1GiB:x2", "seed=1..5",
                                   "(pin.age,pin.batch)=(0,1),(old,8)"});
  const auto cells = harness::cells_of(matrix, {});
  CHECK(cells.size() == 3 * 5 * 5 * 2);
  std::set<std::string> ids;
  for (const harness::Cell& cell : cells) {
    ids.insert(cell.id);
    CHECK(cell.id.size() == 12);
  }
  CHECK(ids.size() == cells.size());
  CHECK(harness::label_of(cells[0]) == "pin.share=0 heap.max=64MiB seed=1 pin.age=0 pin.batch=1");
  CHECK(harness::label_of(cells[1]) == "pin.share=0 heap.max=64MiB seed=1 pin.age=old pin.batch=8");
}

TEST_CASE("an empty value in a tuple leaves its parameter at its default") {
  const auto cells = harness::cells_of(
      matrix_of({"(workload,workload.slots,workload.depth)=(lru_churn,700,),(gcbench,,9)"}), {});
  REQUIRE(cells.size() == 2);
  CHECK(harness::label_of(cells[0]) == "workload=lru_churn workload.slots=700");
  CHECK(harness::label_of(cells[1]) == "workload=gcbench workload.depth=9");
  CHECK_THROWS_AS(static_cast<void>(harness::parse_axis("(seed,plan)=(,),(,)")),
                  harness::UsageError);  // there twice
}

TEST_CASE("a cell's id knows its parameters and not how they were said") {
  const auto a = harness::cells_of(matrix_of({"heap.max=64MiB", "seed=2"}), {});
  Matrix said = matrix_of({"seed=2"});
  said.fixed = {{"heap.max", "65536KiB"}};
  CHECK(harness::cells_of(said, {})[0].id == a[0].id);
  said.fixed = {{"heap.max", "65MiB"}};
  CHECK(harness::cells_of(said, {})[0].id != a[0].id);
}

TEST_CASE("conditions leave cells out") {
  CHECK(count_where("") == 9);
  CHECK(count_where("pin.share == 0") == 3);
  CHECK(count_where("pin.share==0.1%") == 3);
  CHECK(count_where("!(pin.share == 0 && pin.lifetime > 20MiB)") == 7);
  CHECK(count_where("pin.share > 0 || pin.lifetime == forever") == 7);
  CHECK(count_where("pin.share >= 0.001 && pin.share < 1%") == 3);
  CHECK(count_where("pin.lifetime <= 64MiB") == 6);
  CHECK(count_where("pin.lifetime != exp(64MiB)") == 6);
  CHECK(count_where("pin.lifetime != fixed(64MiB)") == 9);  // though exp(64MiB) is as long
  CHECK(count_where("pin.lifetime == exp(65536KiB)") == 3);
  CHECK(count_where("pin.lifetime == 64MiB || pin.lifetime == 16MiB") == 6);
  CHECK(count_where("pin.lifetime != 64MiB") == 6);
  CHECK(count_where("!pin.share == 0") == 6);
  CHECK(count_where("workload == gcbench && workload.depth > 3 || pin.share == 0") == 3);
}

TEST_CASE("a condition that makes no sense names the place") {
  for (const auto& row : std::vector<std::pair<std::string, std::string>>{
           {"pin.share", "expected one of =="},
           {"pin.share = 0", "expected one of =="},
           {"pin.share == 0 &&", "expected the name"},
           {"(pin.share == 0", "expected )"},
           {"pin.share == 0)", "expected && or ||"},
           {"pin.shar == 0", "did you mean pin.share?"},
           {"pin.share == lots", "is no share"},
           {"plan < semispace", "has no order"},
           {"plan == semispac", "did you mean semispace?"},
           {"workload.depth == 3", "guard it with workload =="},
           {"pin.share == 0.5", "holds for no cell"},
           {std::string(1000, '(') + "pin.share == 0", "levels of nesting"}}) {
    const auto& where = row.first;
    const auto& fragment = row.second;
    CAPTURE(where);
    std::string said = "nothing";
    try {
      static_cast<void>(count_where(where));
    } catch (const std::invalid_argument& error) {
      said = error.what();
    }
    CAPTURE(said);
    CHECK(said.find(fragment) != std::string::npos);
  }
}

TEST_CASE("a matrix that cannot be is refused as a whole") {
  CHECK_THROWS_AS(static_cast<void>(harness::cells_of(matrix_of({"seed=1..20000"}), {})),
                  UsageError);
  CHECK_THROWS_AS(static_cast<void>(harness::cells_of(matrix_of({"seed=1", "seed=2"}), {})),
                  UsageError);
  CHECK_THROWS_AS(static_cast<void>(harness::cells_of(matrix_of({"nursery.size=2GiB"}), {})),
                  UsageError);
}

TEST_CASE("a size relative to the smallest heap is rounded up to blocks") {
  Matrix matrix = matrix_of({"heap.max=1.5*min,2*min"});
  matrix.fixed = {{"workload.slots", "1000"}};
  CHECK_THROWS_AS(static_cast<void>(harness::cells_of(matrix, {})), UsageError);
  const std::vector<harness::MinimalHeap> heaps = {
      {.parameters = {{"workload", "lru_churn"}, {"workload.slots", "1000"}},
       .seed = "1",
       .bytes = std::uint64_t{3} << 16U}};
  const auto cells = harness::cells_of(matrix, heaps);
  CHECK(harness::label_of(cells[0]) == "heap.max=320KiB");
  CHECK(harness::label_of(cells[1]) == "heap.max=384KiB");
}

TEST_CASE("fill-in runs ends and middles first, every order runs each cell once") {
  Matrix matrix = matrix_of({"seed=1..9"});
  const auto cells = harness::cells_of(matrix, {});
  CHECK(harness::running_order(matrix, cells) ==
        std::vector<std::size_t>{0, 4, 8, 2, 6, 1, 3, 5, 7});
  matrix.order = harness::CellOrder::lexical;
  CHECK(harness::running_order(matrix, cells) ==
        std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  matrix.order = harness::CellOrder::shuffle;
  auto shuffled = harness::running_order(matrix, cells);
  CHECK(shuffled == harness::running_order(matrix, cells));
  CHECK(shuffled != std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  std::ranges::sort(shuffled);
  CHECK(shuffled == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("what is left is told as people wait for it") {
  const auto left_of = [](std::size_t done, double seconds) {
    const std::vector<std::uint64_t> lengths(done, 1'000'000);
    return harness::progress_text(done, 1000, lengths, seconds);
  };
  CHECK(left_of(500, 500) == "500 of 1000 runs, 50 %, 1 a second, 8 min 20 s left, median 1 ms");
  struct Row {
    std::size_t done;
    double seconds;
    const char* fragment;
  };
  for (const Row& row : {Row{999, 99, ", under 1 s left,"}, Row{900, 90, ", 10 s left,"},
                         Row{990, 9900, ", 100 s left,"}, Row{100, 1200, ", 3 h 0 min left,"},
                         Row{10, 3600, ", 4 d 3 h left,"}}) {
    const std::string text = left_of(row.done, row.seconds);
    CAPTURE(text);
    CHECK(text.find(row.fragment) != std::string::npos);
  }
  CHECK(left_of(1000, 9).find("left") == std::string::npos);
}

TEST_CASE("a sealed line is broken by any other bit") {
  std::string line = harness::sealed_line("{\"n\":0,\"t\":\"begin\"");
  line.pop_back();
  CHECK(harness::is_sealed(line));
  for (std::size_t i = 0; i < line.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string other = line;
      other[i] = static_cast<char>(static_cast<unsigned char>(other[i]) ^ (1U << bit));
      CHECK_FALSE(harness::is_sealed(other));
    }
  }
  CHECK_FALSE(harness::is_sealed(line.substr(0, line.size() - 1)));
  CHECK_FALSE(harness::is_sealed(""));
}

TEST_CASE("text from outside is JSON, whatever it is") {
  CHECK(harness::json_text("a\"b\\c\n\x01") == "\"a\\\"b\\\\c\\u000a\\u0001\"");
  CHECK(harness::json_text("\xff\xc3\xa4") == "\"\\ufffd\xc3\xa4\"");
}
