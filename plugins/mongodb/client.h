// One connection to the document store (mongo-c-driver). All waits are bounded; the password is read at each connect,
// set into the parsed address and never printed; the driver's own log is silenced, as it quotes addresses and values.
#pragma once

#include <mongoc/mongoc.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/settings.h"
#include "plugins/api/store.h"
#include "plugins/mongodb/bson.h"

namespace twinlog::mongodb {

inline constexpr std::int32_t kSocketTimeoutMs = 20'000;  // The driver's default of 300 s lets a stuck peer hang us.
inline constexpr std::int32_t kConnectTimeoutMs = 5'000;
inline constexpr std::int32_t kSelectionTimeoutMs = 5'000;
inline constexpr std::int64_t kWriteConcernTimeoutMs = 10'000;
inline constexpr std::int32_t kScannedAtOnce = 1000;  // Some servers put a whole answer into one message of 48 MB.
inline constexpr std::int32_t kSlackDocuments = 1;    // A batch that is not filled needs no second trip to see its end.

/// What a read may see: what the primary has, or only what a majority has confirmed.
enum class ReadConcern : std::uint8_t { kLocal, kMajority };

struct CollectionDeleter {
  void operator()(mongoc_collection_t* collection) const { mongoc_collection_destroy(collection); }
};
using Collection = std::unique_ptr<mongoc_collection_t, CollectionDeleter>;

/// One thread at a time.
class Client {
 public:
  /// Connects, authenticates and pings. A reply is waited for as long as the address says, but not shorter than
  /// `least_wait`.
  static StoreResult<std::unique_ptr<Client>> connect(const StoreSettings& settings,
                                                      std::chrono::milliseconds least_wait = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Collection collection(const char* name) const;
  /// The server is a router of a sharded cluster.
  bool is_sharded() const;
  /// Runs one command on the database; the reply where it succeeded.
  StoreResult<Bson> command(const Bson& command);
  struct Find {
    const char* collection;
    const Bson& filter;
    const Bson& projection;  ///< Empty: whole documents.
    std::size_t expected;    ///< That many come in one round trip, unless they exceed the server's reply limit.
    ReadConcern read = ReadConcern::kLocal;
    const char* newest_by = nullptr;  ///< Descending by this field, and no more than `expected`.
  };
  /// Reads from the primary and calls `each` for every document found.
  StoreStatus find(const Find& find, const std::function<void(const BsonFields&)>& each);
  /// Whether a view has this name.
  StoreResult<bool> is_view(const char* name);
  /// Every document of a collection, in the order in which the server finds them, some at a time. An Error of `each`
  /// ends it and comes back.
  StoreStatus scan(const char* collection, const std::function<Status(const BsonFields&)>& each);
  struct Range {
    const char* collection;
    const Bson& filter;
    const char* ascending_by;
    std::size_t most = 0;  ///< Of documents; 0: all.
  };
  /// The same of those documents, in the order of that field.
  StoreStatus scan(const Range& range, const std::function<Status(const BsonFields&)>& each);
  struct Aggregate {
    const char* collection;
    const Bson& stages;                   ///< An array: keys "0", "1", ...
    std::chrono::milliseconds most_time;  ///< For all of it; the server then gives up (code 50).
  };
  /// Has the primary compute, and calls `each` for every document of the answer.
  StoreStatus aggregate(const Aggregate& aggregate, const std::function<void(const BsonFields&)>& each);
  /// Calls `each` for the description of every index.
  StoreStatus indexes(const char* collection, const std::function<void(const BsonFields&)>& each);

  /// Commands sent and failed (by the network or the server) since the connect: what round trips are counted by.
  std::uint64_t commands() const { return counts_->sent; }
  std::uint64_t failed_commands() const { return counts_->failed; }
  /// Why the last one of those failed.
  StoreError last_failure() const;

 private:
  struct Counts {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;
    bson_error_t failure{};  ///< Of the last one.
  };
  struct ClientDeleter {
    void operator()(mongoc_client_t* client) const { mongoc_client_destroy(client); }
  };
  using Handle = std::unique_ptr<mongoc_client_t, ClientDeleter>;
  Client(Handle handle, std::string database);
  void count_commands();

  std::unique_ptr<Counts> counts_;
  Handle handle_;
  std::string database_;
};

}  // namespace twinlog::mongodb
