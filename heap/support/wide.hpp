// Products of two 64-bit numbers, exactly.
#pragma once

namespace pinlab::heap {

__extension__ using Wide = unsigned __int128;

}  // namespace pinlab::heap
