// What people see of a thread in `top -H`, gdb and /proc/PID/task/*/comm.
#pragma once

#include <cstddef>

namespace twinlog {

/// At most the 15 bytes that the kernel keeps; a longer one does not compile.
class ThreadName {
 public:
  template <std::size_t N>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is a name.
  consteval ThreadName(const char (&text)[N]) : text_(text) {
    static_assert(N <= 16, "a thread's name has at most 15 bytes");
  }
  const char* text() const { return text_; }

 private:
  const char* text_;
};

/// Of the calling thread.
void name_this_thread(ThreadName name);

}  // namespace twinlog
