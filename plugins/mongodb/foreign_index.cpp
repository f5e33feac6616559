#include "plugins/mongodb/foreign_index.h"

#include <string>

#include "plugins/mongodb/error_table.h"

namespace twinlog::mongodb {
namespace {

constexpr std::int32_t kDuplicateKey = 11000;

}  // namespace

StoreStatus refused_by_foreign_index(Client& client, const char* collection) {
  std::string names;
  const auto failed = client.indexes(collection, [&names](const BsonFields& index) {
    const auto key = index.document("key");
    if (key && !BsonFields(*key).find("_id") && index.boolean("unique").value_or(false)) {
      names += (names.empty() ? "" : ",") + index.text("name").value_or("");
    }
  });
  if (failed || names.empty()) {
    return std::nullopt;
  }
  StoreError refused = server_error(kDuplicateKey);
  refused.constraint = names;
  return refused;
}

}  // namespace twinlog::mongodb
