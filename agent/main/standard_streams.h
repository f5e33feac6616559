// Descriptors 0, 1 and 2 when whoever started us closed them.
#pragma once

namespace twinlog {

/// Those of the three that are closed become the null device: else the first file or socket that is opened would get
/// the number, and whatever is printed. To be called before anything is opened.
void open_standard_streams();

}  // namespace twinlog
