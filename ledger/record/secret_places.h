// Secrets that are told by the name in front of them, inside of text: `key=value`, `"key":"value"`, lines of HTTP
// headers, the password in a URL (ledger/FORMAT.md). Pure.
#pragma once

#include "ledger/record/secret_shapes.h"

namespace twinlog {

/// The secret whose name ends right before the `=`, `%3D` or `:` at the place.
FoundSecret secret_behind_name(const TextPlace& place);

}  // namespace twinlog
