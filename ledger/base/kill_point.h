// Named places at which a test may kill the process. They exist in test builds only (TWINLOG_TESTS): elsewhere the
// macro is empty and not even the name is left, which tests/e2e/kill_points_test.py checks.
//
// The name is a literal, "part.moment", and stands at one place: the tests read the list of all names from the sources.
// In a test build the environment of the process says what happens:
//   TWINLOG_KILL_AT=NAME:N            SIGKILL when the point is reached for the Nth time
//   TWINLOG_KILL_POINTS_VISITED=FILE  each name is appended to the file, one a line, when it is first reached
#pragma once

#ifdef TWINLOG_KILL_POINTS

namespace twinlog {
/// Any thread. Without the variables above it does nothing.
void reach_kill_point(const char* name);
}  // namespace twinlog

#define TWINLOG_KILL_POINT(name) ::twinlog::reach_kill_point(name)

#else

#define TWINLOG_KILL_POINT(name) static_cast<void>(0)

#endif
