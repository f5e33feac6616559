#include "plugins/postgres/ledger_rows.h"

#include "ledger/leaf/event_leaf.h"

namespace twinlog::postgres {
namespace {

// In each: what was written and what was there make up what was sent, or the logarithm of zero is asked for. Where all
// was written the second part is not even looked at.
constexpr std::string_view kBeginning =
    "WITH written AS (INSERT INTO ledger_epochs (epoch_id, origin, open, note) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (epoch_id) DO NOTHING RETURNING 1) "
    "SELECT ln((EXISTS (SELECT FROM written) OR EXISTS (SELECT FROM ledger_epochs WHERE epoch_id = $1))::integer)";

// The usual one, which is planned in a third of the time.
constexpr std::string_view kOneTile =
    "WITH written AS (INSERT INTO ledger_tiles (epoch_id, first_index, leaf_count, first_accept_at, last_accept_at, "
    "hashes) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (epoch_id, first_index, leaf_count) DO NOTHING RETURNING 1) "
    "SELECT ln((EXISTS (SELECT FROM written) OR EXISTS (SELECT FROM ledger_tiles WHERE epoch_id = $1 "
    "AND first_index = $2 AND leaf_count = $3))::integer)";

constexpr std::string_view kTiles =
    "WITH sent AS (SELECT * FROM unnest($2::bigint[], $3::integer[], $4::timestamptz[], $5::timestamptz[], "
    "$6::bytea[]) "
    "AS v(first_index, leaf_count, first_accept_at, last_accept_at, hashes)), "
    "written AS (INSERT INTO ledger_tiles (epoch_id, first_index, leaf_count, first_accept_at, last_accept_at, hashes) "
    "SELECT $1, v.* FROM sent v ON CONFLICT (epoch_id, first_index, leaf_count) DO NOTHING RETURNING 1) "
    "SELECT ln(CASE WHEN (SELECT count(*) FROM written) = cardinality($2) THEN 1 "
    "ELSE ((SELECT count(*) FROM written) + (SELECT count(*) FROM sent v JOIN ledger_tiles t ON t.epoch_id = $1 "
    "AND t.first_index = v.first_index AND t.leaf_count = v.leaf_count) = cardinality($2))::integer END)";

constexpr std::string_view kOwnLeaves =
    "WITH sent AS (SELECT * FROM unnest($2::bigint[], $3::bytea[]) AS v(leaf_index, leaf)), "
    "written AS (INSERT INTO ledger_leaves (epoch_id, leaf_index, leaf) SELECT $1, v.* FROM sent v "
    "ON CONFLICT (epoch_id, leaf_index) DO NOTHING RETURNING 1) "
    "SELECT ln(CASE WHEN (SELECT count(*) FROM written) = cardinality($2) THEN 1 "
    "ELSE ((SELECT count(*) FROM written) + (SELECT count(*) FROM sent v JOIN ledger_leaves l ON l.epoch_id = $1 "
    "AND l.leaf_index = v.leaf_index) = cardinality($2))::integer END)";

constexpr std::string_view kCheckpoints =
    "WITH sent AS (SELECT * FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::timestamptz[]) "
    "AS v(size, root, note, accepted_at)), "
    "written AS (INSERT INTO ledger_checkpoints (epoch_id, size, root, note, accepted_at) SELECT $1, v.* FROM sent v "
    "ON CONFLICT (epoch_id, size, root) DO NOTHING RETURNING 1) "
    "SELECT ln(CASE WHEN (SELECT count(*) FROM written) = cardinality($2) THEN 1 "
    "ELSE ((SELECT count(*) FROM written) + (SELECT count(*) FROM sent v JOIN ledger_checkpoints c ON c.epoch_id = $1 "
    "AND c.size = v.size AND c.root = v.root) = cardinality($2))::integer END)";

// An acceptance whose row is there under its own place was sent before, and has its leaf in that row; also where the
// record was erased, which leaves the place.
constexpr std::string_view kFurther =
    "WITH further AS MATERIALIZED (SELECT v.*, l.content_hash IS NULL AS is_erased "
    "FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[], $5::text[], $6::bigint[], $7::bytea[]) "
    "AS v(epoch_id, leaf_index, leaf, tenant_id, log_id, tenant_seq, record_key) "
    "JOIN auth_logs l ON l.tenant_id = v.tenant_id AND l.log_id = v.log_id "
    "WHERE (l.epoch_id, l.leaf_index) <> (v.epoch_id, v.leaf_index) AND NOT EXISTS (SELECT FROM auth_log_conflicts c "
    "WHERE c.tenant_id = v.tenant_id AND c.log_id = v.log_id AND c.epoch_id = v.epoch_id "
    "AND c.leaf_index = v.leaf_index)), "
    "written AS (INSERT INTO ledger_leaves (epoch_id, leaf_index, leaf, tenant_id, log_id, tenant_seq, record_key) "
    "SELECT epoch_id, leaf_index, leaf, tenant_id, log_id, tenant_seq, CASE WHEN NOT is_erased THEN record_key END "
    "FROM further ON CONFLICT (epoch_id, leaf_index) DO NOTHING RETURNING 1) "
    "SELECT ln(((SELECT count(*) FROM written) + (SELECT count(*) FROM further f JOIN ledger_leaves l "
    "ON l.epoch_id = f.epoch_id AND l.leaf_index = f.leaf_index) = (SELECT count(*) FROM further))::integer)";

/// One array of a parameter list: `put` adds the element of each row.
template <typename Values, typename Put>
Parameter array_of(ElementType type, const Values& values, Put put) {
  ArrayBuilder array(type);
  for (const auto& value : values) {
    put(array, value);
  }
  return array.take();
}

std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

Parameter bytea_parameter(std::string_view bytes) {
  return {kBytea.oid, std::string(bytes)};
}

std::string joined(const std::vector<Digest>& hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * sizeof(Digest));
  for (const Digest& hash : hashes) {
    bytes += as_text(hash);
  }
  return bytes;
}

Statement write_beginning(const Parameter& epoch, const EpochBeginning& beginning) {
  return {kBeginning,
          {epoch, text_parameter(beginning.origin), bytea_parameter(beginning.open), text_parameter(beginning.note)}};
}

Statement write_tiles(const Parameter& epoch, const std::vector<LedgerTile>& tiles) {
  if (tiles.size() == 1) {
    const LedgerTile& tile = tiles.front();
    return {kOneTile,
            {epoch, int8_parameter(as_signed(tile.first_index)), int8_parameter(as_signed(tile.hashes.size())),
             timestamp_parameter(tile.first_accept_at), timestamp_parameter(tile.last_accept_at),
             bytea_parameter(joined(tile.hashes))}};
  }
  using Tile = const LedgerTile&;
  return {kTiles,
          {epoch, array_of(kInt8, tiles, [](auto& out, Tile tile) { out.int8(as_signed(tile.first_index)); }),
           array_of(kInt4, tiles, [](auto& out, Tile tile) { out.int4(static_cast<int>(tile.hashes.size())); }),
           array_of(kTimestamp, tiles, [](auto& out, Tile tile) { out.timestamp(tile.first_accept_at); }),
           array_of(kTimestamp, tiles, [](auto& out, Tile tile) { out.timestamp(tile.last_accept_at); }),
           array_of(kBytea, tiles, [](auto& out, Tile tile) { out.bytes(joined(tile.hashes)); })}};
}

Statement write_own_leaves(const Parameter& epoch, const std::vector<OwnLeaf>& leaves) {
  using Leaf = const OwnLeaf&;
  return {kOwnLeaves,
          {epoch, array_of(kInt8, leaves, [](auto& out, Leaf leaf) { out.int8(as_signed(leaf.index)); }),
           array_of(kBytea, leaves, [](auto& out, Leaf leaf) { out.bytes(leaf.leaf); })}};
}

Statement write_checkpoints(const Parameter& epoch, const std::vector<LedgerCheckpoint>& checkpoints) {
  using Checkpoint = const LedgerCheckpoint&;
  return {kCheckpoints,
          {epoch, array_of(kInt8, checkpoints, [](auto& out, Checkpoint each) { out.int8(as_signed(each.size)); }),
           array_of(kBytea, checkpoints, [](auto& out, Checkpoint each) { out.bytes(as_text(each.root)); }),
           array_of(kText, checkpoints, [](auto& out, Checkpoint each) { out.bytes(each.note); }),
           array_of(kTimestamp, checkpoints, [](auto& out, Checkpoint each) { out.timestamp(each.accepted_at); })}};
}

}  // namespace

std::vector<Statement> write_ledger(const Uuid& epoch_id, const LedgerPart& part) {
  const Parameter epoch = uuid_parameter(as_text(epoch_id));
  std::vector<Statement> statements;
  if (part.beginning) {
    statements.push_back(write_beginning(epoch, *part.beginning));
  }
  if (!part.tiles.empty()) {
    statements.push_back(write_tiles(epoch, part.tiles));
  }
  if (!part.own_leaves.empty()) {
    statements.push_back(write_own_leaves(epoch, part.own_leaves));
  }
  if (!part.checkpoints.empty()) {
    statements.push_back(write_checkpoints(epoch, part.checkpoints));
  }
  return statements;
}

Statement write_further_acceptances(std::span<const Version* const> versions) {
  using Each = const Version*;
  return {kFurther,
          {array_of(kUuid, versions, [](auto& out, Each each) { out.bytes(as_text(each->epoch_id)); }),
           array_of(kInt8, versions, [](auto& out, Each each) { out.int8(as_signed(each->leaf_index)); }),
           array_of(kBytea, versions, [](auto& out, Each each) { out.bytes(event_leaf(*each)); }),
           array_of(kText, versions, [](auto& out, Each each) { out.bytes(each->event.tenant_id); }),
           array_of(kText, versions, [](auto& out, Each each) { out.bytes(each->event.log_id); }),
           array_of(kInt8, versions, [](auto& out, Each each) { out.int8(as_signed(each->ledger->tenant_seq)); }),
           array_of(kBytea, versions, [](auto& out, Each each) { out.bytes(as_text(each->ledger->record_key)); })}};
}

}  // namespace twinlog::postgres
