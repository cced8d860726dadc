"""Faults of the compactor that make it worse and not wrong: what scripts/ci-gate has to find.

Each is an edit of the sources, applied to a scratch copy and built: (name, what it does, file, edits), an edit
being (text, replacement). A text must stand in its file exactly once: where the sources change, the table
changes with them, and regressions_test.py says so at once.
"""

ROUTES, RECLAIM, YOUNG = "collector/old_routes/old_routes.cpp", "collector/reclaim.cpp", "collector/young.cpp"
NURSERY, BUMP = "collector/plans/generational.cpp", "heap/gap_reuse/bump_gaps.hpp"

REGRESSIONS = [
    ("thousandth_moved_twice", "one object in a thousand is copied once more before it is promoted", YOUNG,
     [("header.age() >= survivals_;",
       "header.age() >= survivals_ + (survivals_ > 0 && (from - heap_.base()) / kGranuleBytes % 1000 == 0 ? 1U : 0U);")]),
    ("gap_not_reused", "the lowest gap that a full collection leaves is offered to nobody", RECLAIM,
     [("    reuse.add(gaps);", "    reuse.add(std::span(gaps).subspan(gaps.empty() ? 0 : 1));")]),
    ("marks_slots_twice", "marking looks at each slot twice", "collector/mark.cpp",
     [("        report_.slots_visited += object.references();",
       "        for (Address slot = object.slot(0); slot < limit; slot += kGranuleBytes) {\n"
       "          reach(Address(slot.word()));\n        }\n        report_.slots_visited += 2 * object.references();")]),
    ("source_too_many", "a block more than what pays is emptied", ROUTES,
     [("  std::vector<std::uint8_t> is_chosen(blocks.size(), 0);",
       "  chosen = std::min(chosen + 1, order.size());\n  std::vector<std::uint8_t> is_chosen(blocks.size(), 0);")]),
    ("source_too_few", "a block less than what pays is emptied", ROUTES,
     [("  std::vector<std::uint8_t> is_chosen(blocks.size(), 0);",
       "  chosen -= chosen > 0 ? 1U : 0U;\n  std::vector<std::uint8_t> is_chosen(blocks.size(), 0);")]),
    ("sources_by_address", "blocks are emptied in the order of their addresses, not the sparsest first", ROUTES,
     [("  heap::sort_by_upper_half(order, static_cast<std::uint32_t>(block_bytes / heap::kGranuleBytes));\n", "")]),
    ("eager", "the fixed cost of a full collection is taken for twice what it is, so that more is moved", ROUTES,
     [("kFixedCostShift = 1;", "kFixedCostShift = 0;")]),
    ("lazy", "nothing moves until an eighth of the blocks in use is free", "collector/compact_rules/compact_rules.cpp",
     [("situation.used - situation.live >= variants.least_free &&",
       "situation.used - situation.live >= std::max(variants.least_free, situation.used / 8) &&")]),
    ("split_not_used", "a line that does not fit into the rest of a gap goes to the next gap whole", "collector/slide.hpp",
     [("    const std::size_t first_split = plan_.splits.size();\n    if constexpr (kRecord) {\n      plan_.splits.push_back",
       "    if ((starts & movable & (~movable + 1)) != 0 && room() < slack_ && gap_ + 1 != plan_.gaps.end() &&\n"
       "        (gap_ + 1)->limit <= line) {\n      ++gap_;\n    }\n"
       "    const std::size_t first_split = plan_.splits.size();\n    if constexpr (kRecord) {\n      plan_.splits.push_back")]),
    ("block_kept", "one block that a full collection emptied stays with the old generation", RECLAIM,
     [("  bool may_refer_ = false;\n", "  bool may_refer_ = false;\n  bool spared_ = false;\n"),
      ("      if (kept_[heap::index_of(census.block)] != 0) {",
       "      if (kept_[heap::index_of(census.block)] != 0 || (!spared_ && (spared_ = true))) {")]),
    ("tails_not_reused", "the free end of a block is offered to nobody", RECLAIM,
     [("range.bytes() >= least() &&", "range.bytes() >= least() && range.limit != limit_ &&")]),
    ("short_gaps_not_reused", "gaps shorter than twice gap.min are offered to nobody", RECLAIM,
     [("range.bytes() >= least() &&", "range.bytes() >= 2 * least() &&")]),
    ("cards_stay_dirty", "a full collection leaves the cards of blocks that stay dirty", RECLAIM,
     [("  heap.clear_cards(block);\n  add_held(after, block.bytes(), report);", "  add_held(after, block.bytes(), report);")]),
    ("promoted_late", "survivors are copied once more before they are promoted", YOUNG,
     [("header.age() >= survivals_;", "header.age() >= survivals_ + (survivals_ > 0 ? 1U : 0U);")]),
    ("most_survive_unseen", "survivors are copied within the nursery where most survive too", NURSERY,
     [("survival_ppm_ > kMillion / 2;", "survival_ppm_ > kMillion - kMillion / 20;")]),
    ("nursery_block_less", "the nursery is a block smaller than asked for", NURSERY,
     [("nursery_used_ + heap.block_bytes() <= std::max(nursery_size, heap.block_bytes())",
       "nursery_used_ + 2 * heap.block_bytes() <= std::max(nursery_size, 2 * heap.block_bytes())")]),
    ("gap_lost_for_all", "a gap that is too small for one request is lost for smaller ones", BUMP,
     [("next_[static_cast<std::size_t>(std::bit_width(need))]", "next_[std::size_t{0} * need]")]),
    ("every_other_gap", "every other gap is passed over", BUMP, [("        ++position;\n", "        position += 2;\n")]),
    ("promoted_gaps_closed", "gaps beside islands in promoted blocks wait for the next full collection",
     "collector/young_settling.cpp",
     [("make_gaps(range, fate == Fate::old ? nullptr : generations_.old_gaps.get(),", "make_gaps(range, nullptr,")]),
    ("copy_tails_lost", "the free end of a block that was copied to is lost", "collector/copy_spaces.hpp",
     [("    space.space.give_back({space.cursor, space.limit});", "    heap_.format_gap({space.cursor, space.limit});")]),
    ("bucket_tails_lost", "the tail of a gap in a bucket is lost", "heap/gap_reuse/buckets.cpp",
     [("    insert(tail);\n    return true;", "    return tail.empty();")]),
    ("bucket_too_high", "gaps are sought a power of two above the one that surely fits", "heap/gap_reuse/buckets.cpp",
     [("std::size_t i = floor + 1;", "std::size_t i = floor + 2;")]),
    ("highest_free_block", "of free blocks a high one is taken, so that the heap spreads", "heap/heap.cpp",
     [("static_cast<std::uint32_t>(std::countr_zero(free_bits_[lowest_free_word_]));",
       "static_cast<std::uint32_t>(63 - std::countl_zero(free_bits_[lowest_free_word_]));")]),
    ("memory_kept", "memory of blocks that stay free is not given back", RECLAIM, [("    heap_.give_back_unused();\n", "")]),
]
