// What a command has written is on the disk before it says so.
#pragma once

#include <string>
#include <string_view>

namespace twinlog {

/// Writes and syncs; 0, or the errno of what failed.
int write_all(int file, std::string_view text);

/// Syncs the folder that a file lies in: its name is on the disk, too. 0, or the errno of what failed.
int sync_folder_of(const std::string& path);

}  // namespace twinlog
