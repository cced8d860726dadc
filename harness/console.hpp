// What the program says: results on standard output, everything else on standard error.
#pragma once

#include <string>
#include <string_view>

namespace pinlab::harness {

class Console {
 public:
  Console();

  /// A reader that went away is no error, and hears no more. Throws IoError for any other failure.
  void out(std::string_view text);
  /// Never fails.
  void err(std::string_view text) const;
  /// A sentence with the program's name in front.
  void complain(std::string_view sentence) const;
  /// Whether standard error is a terminal, where a line can be drawn again.
  [[nodiscard]] bool is_live() const { return live_; }
  /// The line in the place of the one that stands there, without its end. REQUIRES is_live().
  void redraw(std::string_view line) const;

  /// The text as a heading, where standard output is a terminal and NO_COLOR is not set.
  [[nodiscard]] std::string heading(std::string_view text) const;

 private:
  bool colour_ = false;
  bool live_ = false;
  bool closed_ = false;
};

}  // namespace pinlab::harness
