// What the system lets this process have, and how the intake shares it with the rest.
#pragma once

#include <sys/resource.h>

#include <cstddef>

namespace twinlog {

/// Turns core files off (they would hold event bodies and secrets), keeps other processes of the same user out of the
/// memory of this one, and raises the soft limit of open files to the hard
/// one: ten thousand idle senders are normal, and the soft limit is often 1,024. Returns the limit of open files.
rlim_t set_process_limits();

/// How many senders may be connected at once, of `wanted`, where `open_files` descriptors are to be had: the spool, the
/// stores and the admin port keep some for themselves, so that senders alone can never shut them out.
std::size_t connections_within(rlim_t open_files, std::size_t wanted);

}  // namespace twinlog
