// A race of ours on purpose: tests/tsan/CMakeLists.txt expects the thread sanitizer to report it, under the same
// suppressions as everything else.
#include <thread>

namespace {
int shared_number = 0;
}

int main() {
  std::thread other([] { ++shared_number; });
  ++shared_number;
  other.join();
  return shared_number == 2 ? 0 : 1;
}
