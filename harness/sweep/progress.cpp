#include "harness/sweep/progress.hpp"

#include "harness/human.hpp"

#include <algorithm>

namespace pinlab::harness {

namespace {

constexpr auto kBetweenDrawings = std::chrono::milliseconds(200);

}  // namespace

std::string progress_text(std::size_t done,
                          std::size_t total,
                          const std::vector<std::uint64_t>& lengths,
                          double seconds) {
  std::string text = std::to_string(done) + " of " + human_count(total, "run");
  if (total > 0) {
    text += ", " + std::to_string(done * 100 / total) + " %";
  }
  if (lengths.empty() || seconds <= 0) {
    return text;
  }
  const double rate = static_cast<double>(lengths.size()) / seconds;
  const double left = static_cast<double>(total - std::min(done, total)) / rate;
  text += ", " + human_ratio(static_cast<std::uint64_t>(rate * 1e6)) + " a second";
  if (done < total) {
    text += ", " +
            (left < 1 ? std::string("under 1 s")
                      : human_duration(static_cast<std::uint64_t>(left) * 1'000'000'000)) +
            " left";
  }
  return text + ", median " + human_time(lengths[lengths.size() / 2]);
}

Progress::Progress(const Console& console, std::size_t done, std::size_t total)
    : console_(console), before_(done), total_(total), live_(console.is_live()) {}

std::string Progress::state() const {
  const std::chrono::duration<double> passed = Clock::now() - begin_;
  std::string text = progress_text(done(), total_, lengths_, passed.count());
  for (const auto& [outcome, count] : outcomes_) {
    if (outcome != "completed") {
      text += ", " + std::to_string(count) + " " + outcome;
    }
  }
  return text;
}

void Progress::draw(const std::string& text) {
  console_.redraw(text);
  drawn_ = true;
  last_ = Clock::now();
}

void Progress::ended(const std::string& outcome, std::uint64_t wall, const std::string& label) {
  lengths_.insert(std::upper_bound(lengths_.begin(), lengths_.end(), wall), wall);
  ++outcomes_[outcome];
  if (!live_) {
    const std::string total = std::to_string(total_);
    console_.err("[" + right(std::to_string(done()), total.size()) + "/" + total + "] " +
                 left(outcome, 14) + " " + right(human_time(wall), 8) + "  " + label + "\n");
  }
}

void Progress::tick() {
  if (live_ && Clock::now() - last_ >= kBetweenDrawings) {
    draw(state());
  }
}

void Progress::finish() {
  if (live_ && drawn_) {
    draw(state());
    console_.err("\n");
    drawn_ = false;
  }
}

}  // namespace pinlab::harness
