// Inserting versions and finding out where each one ended. Content is only ever inserted: what was there already is
// read back (hash and acceptance), never written again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plugins/mongodb/client.h"
#include "plugins/mongodb/document.h"

namespace twinlog::mongodb {

/// Where a version ended.
enum class Place : std::uint8_t {
  kInserted,  ///< Stored now, with its own acceptance.
  kThere,     ///< Stored earlier, with its own acceptance: a flush of ours that did not get to its end.
  kRepeated,  ///< The same content is stored with another acceptance.
  kErased,    ///< Fields of what is stored were erased: whether it is the same cannot be told, and nothing is added.
  kOther,     ///< Its key holds other content: a conflict.
  kRefused,   ///< Nothing is stored under its key, and the server will not have it there.
};

/// And by which acceptance it lies there.
struct Stored {
  Place place = Place::kOther;
  Uuid epoch_id{};
  std::uint64_t leaf_index = 0;
  StoreStatus refused = std::nullopt;  ///< Why, where it was.
};

struct Batch {
  std::span<const Version* const> versions;
  bool are_letters = false;  ///< isolation.h
};

/// Of versions with the same key the first that the server takes is inserted: a bulk insert, and one read of the keys
/// that were there already or refused (a server may refuse what it holds already: a validator came later, an answer was
/// lost). Again, for versions with other content under the key of a refused one. The answer is in the order of
/// `versions`. Repeating it is harmless.
StoreResult<std::vector<Stored>> store_versions(Client& client, Shelf shelf, const Batch& batch);

/// Sets has_conflict on the records of these versions; setting it again changes nothing. The filter is the bare _id,
/// which every server answers from its index. Those whose record the server refuses to mark: they are kept, and only
/// their record does not say so.
StoreResult<std::vector<RefusedVersion>> mark_conflicts(Client& client, const Batch& conflicts);

StoreResult<bool> is_record_there(Client& client, const EventKey& key);

}  // namespace twinlog::mongodb
