// Files that others wrote, and configurations among them. Nothing of a file is used before all of
// it was checked: at most 64 levels deep, no key twice, no number that is not the one that was
// written.
#pragma once

#include "harness/settings.hpp"

#include <string>

namespace pinlab::harness {

/// The whole of a file. Throws IoError where it cannot be read, InputError above 4 GiB.
[[nodiscard]] std::string read_file(const std::string& path);

/// A configuration: one object of parameter names and values, // and /* */ comments allowed.
/// Numbers are taken as they are written. Throws InputError with file, line and column.
[[nodiscard]] Settings read_configuration(const std::string& path);

}  // namespace pinlab::harness
