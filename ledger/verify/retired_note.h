// `twinlog.retired/v1`: the note by which a person ends an epoch whose spool is gone (ledger/FORMAT.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger/note/note.h"
#include "ledger/tree/tree_proof.h"

namespace twinlog {

struct RetiredNote {
  std::string origin;
  TreeHead head;
  std::string reason;
  SignedNote note;
};

/// Nothing unless it is exactly of that form; signatures are not looked at.
std::optional<RetiredNote> read_retired_note(std::string_view text);

}  // namespace twinlog
