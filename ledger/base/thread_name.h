// What a thread is called where threads are listed (ps -L, /proc, a debugger).
#pragma once

namespace twinlog {

/// Names the calling thread. At most 15 bytes; a longer name changes nothing.
void name_this_thread(const char* name);

}  // namespace twinlog
