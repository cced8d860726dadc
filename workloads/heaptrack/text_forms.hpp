// Traces that people and other tools write: pinlab's own text form, and the .rep files of CS:APP's
// malloc lab (Bryant and O'Hallaron). workloads/README.md documents both.
//
//   pinlab-trace 1                                 1000000    a heap's size: not used
//   # comment                                      3          how many identifiers there are
//   allocate ID BYTES [REFERENCES [SITE]]          5          how many operations follow
//   free ID                                        1          a weight: not used
//   link ID INDEX ID, or - for nothing             a 0 512    allocate identifier, bytes
//   pin ID                                         r 0 640    realloc
//   unpin ID                                       f 0        free; -1 is the null pointer
//   end
//
// Invariant: what is handed to the recorder makes sense; all else is a TraceError that names line
// and reason: a second free, a free of the unknown, a use of the freed, an early end.
#pragma once

#include "workloads/heaptrack/call_stacks.hpp"
#include "workloads/heaptrack/event_recorder.hpp"
#include "workloads/heaptrack/line_reader.hpp"

namespace pinlab::workloads {

/// Whether the text, of which no line is read yet, looks like one of these forms.
[[nodiscard]] bool is_text_form(LineReader& lines);
[[nodiscard]] bool is_rep_form(LineReader& lines);

/// Reads all of it. Throws TraceError.
void read_text_form(LineReader& lines, CallStacks& stacks, EventRecorder& recorder);
void read_rep_form(LineReader& lines, CallStacks& stacks, EventRecorder& recorder);

}  // namespace pinlab::workloads
