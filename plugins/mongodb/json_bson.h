// Metadata between its canonical JSON and a BSON sub-document. Integers are int64, other numbers doubles, keys encoded
// (key_encoding.h); going there and back gives the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "ledger/base/result.h"
#include "plugins/mongodb/bson.h"

namespace twinlog::mongodb {

/// Appends the object `json` under `key`. False: it is no object or could not be appended.
bool append_json_object(BsonWriter& writer, std::string_view key, std::string_view json);
/// The canonical JSON of the document that `field` stands at. kCorrupt: not something append_json_object writes.
Result<std::string> json_from_bson(const bson_iter_t& field);

}  // namespace twinlog::mongodb
