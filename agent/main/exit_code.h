// The exit codes of every command (docs/OPERATING.md).
#pragma once

namespace twinlog {

inline constexpr int kExitFine = 0;
inline constexpr int kExitFinding = 1;  ///< A finding or a failure.
inline constexpr int kExitUsage = 2;    ///< The command line is wrong.
/// 3 is `twinlog status` without an agent (agent/cli/status.h).
inline constexpr int kExitConfiguration = 78;  ///< The configuration is wrong (EX_CONFIG of sysexits.h).

}  // namespace twinlog
