// SPDX-License-Identifier: Apache-2.0
//
// How long a thread has a processor before somebody else may have it.
#pragma once

namespace postern::io {

// Asks for turns of a tenth of a millisecond, for the calling thread.  Since Linux 6.12 whoever
// wakes up waits for the end of the turn, of some three milliseconds, of whoever runs on its
// processor, unless its own turns are shorter (EEVDF; sched_setattr(2), sched_runtime).  A loop
// works for some ten microseconds at a time and is waited for.
//
// Takes no rights and changes no share of the processor.  Older kernels take no notice; what is
// refused, or not under the usual policy, stays as it is.
void ask_for_short_turns();

}  // namespace postern::io
