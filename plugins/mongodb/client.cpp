#include "plugins/mongodb/client.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/error_table.h"

namespace twinlog::mongodb {
namespace {

constexpr const char* kApplicationName = "twinlog";

struct UriDeleter {
  void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
};
using Uri = std::unique_ptr<mongoc_uri_t, UriDeleter>;

/// The log is ours alone, and the driver's words may hold addresses. What matters comes as an error of a call.
void silence_driver() {
  mongoc_log_set_handler(nullptr, nullptr);
}

// The driver's library starts itself before main(), with a line on standard error where a killed process of our number
// left its counters in /dev/shm. What stands in this section runs before the libraries.
__attribute__((section(".preinit_array"), used)) void (*const silence_driver_early)() = &silence_driver;

// The driver keeps counters in a file that only its own tools read, /dev/shm/mongoc-<process>, and takes it away when
// it ends: a killed process would leave one behind at each death. Without its name the memory stays ours, and goes with
// us. Runs after the libraries have started themselves.
__attribute__((constructor)) void drop_name_of_counters() {
  ::shm_unlink(("/mongoc-" + std::to_string(::getpid())).c_str());
}

void start_driver() {
  static std::once_flag once;
  std::call_once(once, [] {
    silence_driver();
    mongoc_init();
  });
}

StoreError hold(std::string words) {
  return {.reaction = Reaction::kHold, .code = "", .constraint = "", .words = std::move(words)};
}

StoreStatus set_password(mongoc_uri_t& uri, const Secret& secret) {
  if (!secret.is_set()) {
    return std::nullopt;
  }
  const Result<std::string> password = secret.reveal();
  if (!password) {
    return hold(password.error().message());
  }
  if (mongoc_uri_get_username(&uri) == nullptr) {
    return hold("stores.mongodb has a password but its address names no user; write mongodb://USER@HOST/DATABASE");
  }
  if (!mongoc_uri_set_password(&uri, password->c_str())) {
    return hold("the password of stores.mongodb is not valid UTF-8");
  }
  return std::nullopt;
}

void set_default(mongoc_uri_t& uri, const char* option, std::int32_t value) {
  if (!mongoc_uri_has_option(&uri, option)) {
    mongoc_uri_set_option_as_int32(&uri, option, value);
  }
}

/// The driver's messages about an address quote it, so none of them is passed on.
StoreResult<Uri> parse_address(const StoreSettings& settings, std::chrono::milliseconds least_wait) {
  const Result<std::string> address = settings.uri.reveal();
  if (!address) {
    return hold(address.error().message());
  }
  bson_error_t ignored;
  Uri uri(mongoc_uri_new_with_error(address->c_str(), &ignored));
  if (!uri) {
    return hold(
        "stores.mongodb.uri is no mongodb:// or mongodb+srv:// address; percent-encode special characters in it");
  }
  const char* database = mongoc_uri_get_database(uri.get());
  if (database == nullptr || *database == '\0') {
    return hold("stores.mongodb.uri names no database; write mongodb://HOST/DATABASE");
  }
  if (auto failed = set_password(*uri, settings.password)) {
    return *failed;
  }
  for (const char* option : {MONGOC_URI_TLSCAFILE, MONGOC_URI_TLSCERTIFICATEKEYFILE}) {
    const char* path = mongoc_uri_get_option_as_utf8(uri.get(), option, nullptr);
    if (path != nullptr && ::access(path, R_OK) != 0) {  // The driver would call it a connection error.
      return hold(std::string("the file that stores.mongodb.uri names as ") + option +
                  " cannot be read; check that it is there and its permissions");
    }
  }
  const std::int32_t waits = mongoc_uri_get_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, kSocketTimeoutMs);
  mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS,
                                 std::max(waits, static_cast<std::int32_t>(least_wait.count())));
  set_default(*uri, MONGOC_URI_CONNECTTIMEOUTMS, kConnectTimeoutMs);
  set_default(*uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, kSelectionTimeoutMs);
  if (!mongoc_uri_has_option(uri.get(), MONGOC_URI_RETRYREADS)) {
    // Retrying is the courier's; the driver would first wait for its next heartbeat.
    mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_RETRYREADS, false);
  }
  if (mongoc_uri_get_appname(uri.get()) == nullptr) {
    mongoc_uri_set_appname(uri.get(), kApplicationName);
  }
  return uri;
}

template <typename T, void (*kDestroy)(T*)>
struct Deleter {
  void operator()(T* what) const { kDestroy(what); }
};
using ReadPreference = std::unique_ptr<mongoc_read_prefs_t, Deleter<mongoc_read_prefs_t, mongoc_read_prefs_destroy>>;
using Cursor = std::unique_ptr<mongoc_cursor_t, Deleter<mongoc_cursor_t, mongoc_cursor_destroy>>;

/// Why it gives no more documents; nothing: it came to its end.
StoreStatus end_of(const Cursor& cursor) {
  bson_error_t error{};
  if (!mongoc_cursor_error(cursor.get(), &error)) {
    return std::nullopt;
  }
  StoreError failed = driver_error(error.domain, error.code);
  if (failed.reaction == Reaction::kPoison) {
    failed.reaction = Reaction::kHold;  // No event is at fault here: the server does not understand us.
  }
  return failed;
}

StoreStatus read_all(const Cursor& cursor, const std::function<void(const BsonFields&)>& each) {
  const bson_t* document = nullptr;
  while (mongoc_cursor_next(cursor.get(), &document)) {
    each(BsonFields(*document));
  }
  return end_of(cursor);
}

StoreStatus scan_all(const Cursor& cursor, const std::function<Status(const BsonFields&)>& each) {
  const bson_t* document = nullptr;
  while (mongoc_cursor_next(cursor.get(), &document)) {
    if (const Status taken = each(BsonFields(*document)); !taken) {
      return StoreError{.reaction = Reaction::kHold, .code = "", .constraint = "", .words = taken.error().message()};
    }
  }
  return end_of(cursor);
}

}  // namespace

Client::Client(Handle handle, std::string database)
    : counts_(std::make_unique<Counts>()), handle_(std::move(handle)), database_(std::move(database)) {
  mongoc_client_set_error_api(handle_.get(), MONGOC_ERROR_API_VERSION_2);
  count_commands();
}

Client::~Client() = default;

void Client::count_commands() {
  mongoc_apm_callbacks_t* callbacks = mongoc_apm_callbacks_new();
  mongoc_apm_set_command_started_cb(callbacks, [](const mongoc_apm_command_started_t* event) {
    ++static_cast<Counts*>(mongoc_apm_command_started_get_context(event))->sent;
    TWINLOG_KILL_POINT("mongodb.before_command");
  });
  mongoc_apm_set_command_failed_cb(callbacks, [](const mongoc_apm_command_failed_t* event) {
    auto* counts = static_cast<Counts*>(mongoc_apm_command_failed_get_context(event));
    ++counts->failed;
    mongoc_apm_command_failed_get_error(event, &counts->failure);
  });
  mongoc_client_set_apm_callbacks(handle_.get(), callbacks, counts_.get());
  mongoc_apm_callbacks_destroy(callbacks);
}

StoreError Client::last_failure() const {
  return driver_error(counts_->failure.domain, counts_->failure.code);
}

StoreResult<std::unique_ptr<Client>> Client::connect(const StoreSettings& settings,
                                                     std::chrono::milliseconds least_wait) {
  start_driver();
  auto uri = parse_address(settings, least_wait);
  if (!uri) {
    return std::move(uri).error();
  }
  const Uri& address = *uri;
  bson_error_t error;
  Handle handle(mongoc_client_new_from_uri_with_error(address.get(), &error));
  if (!handle && error.domain == MONGOC_ERROR_STREAM) {
    return local_error(error.message);  // The name of a mongodb+srv:// address is looked up here.
  }
  if (!handle) {
    return hold("stores.mongodb.uri asks for something that the driver does not have, such as TLS options; check it");
  }
  std::unique_ptr<Client> client(new Client(std::move(handle), mongoc_uri_get_database(address.get())));
  Bson ping;
  BsonWriter(ping).int32("ping", 1);
  auto pong = client->command(ping);
  if (!pong) {
    return std::move(pong).error();
  }
  return client;
}

Collection Client::collection(const char* name) const {
  return Collection(mongoc_client_get_collection(handle_.get(), database_.c_str(), name));
}

bool Client::is_sharded() const {
  std::size_t count = 0;
  mongoc_server_description_t** servers = mongoc_client_get_server_descriptions(handle_.get(), &count);
  bool is_router = false;
  for (std::size_t i = 0; i < count; ++i) {
    is_router = is_router || std::string_view(mongoc_server_description_type(servers[i])) == "Mongos";
  }
  mongoc_server_descriptions_destroy_all(servers, count);
  return is_router;
}

StoreResult<Bson> Client::command(const Bson& command) {
  bson_t reply;
  bson_error_t error{};
  const bool done =
      mongoc_client_command_simple(handle_.get(), database_.c_str(), command.get(), nullptr, &reply, &error);
  Bson kept;
  bson_concat(kept.get(), &reply);
  bson_destroy(&reply);
  if (done) {
    return kept;
  }
  if (error.domain == MONGOC_ERROR_SERVER_SELECTION) {
    return local_error(error.message);
  }
  StoreError failed = driver_error(error.domain, error.code);
  if (failed.reaction == Reaction::kPoison) {
    failed.reaction = Reaction::kHold;  // No event is at fault here: the server does not understand us.
  }
  return failed;
}

StoreStatus Client::find(const Find& find, const std::function<void(const BsonFields&)>& each) {
  Bson options;
  BsonWriter writer(options);
  writer.int32("batchSize", static_cast<std::int32_t>(find.expected) + kSlackDocuments);
  if (bson_count_keys(find.projection.get()) > 0 &&
      !bson_append_document(options.get(), "projection", -1, find.projection.get())) {
    return server_error(MONGOC_ERROR_BSON_INVALID);
  }
  if (find.newest_by != nullptr) {
    writer.begin_document("sort").int32(find.newest_by, -1).end();
    writer.int64("limit", static_cast<std::int64_t>(find.expected));
  }
  if (find.read == ReadConcern::kMajority) {
    writer.begin_document("readConcern").text("level", "majority").end();
  }
  const Collection from = collection(find.collection);
  const ReadPreference primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
  return read_all(Cursor(mongoc_collection_find_with_opts(from.get(), find.filter.get(), options.get(), primary.get())),
                  each);
}

StoreResult<bool> Client::is_view(const char* name) {
  using Database = std::unique_ptr<mongoc_database_t, Deleter<mongoc_database_t, mongoc_database_destroy>>;
  const Database database(mongoc_client_get_database(handle_.get(), database_.c_str()));
  bool is_one = false;
  auto failed = read_all(Cursor(mongoc_database_find_collections_with_opts(database.get(), nullptr)),
                         [&is_one, name](const BsonFields& described) {
                           is_one = is_one || (described.text("name") == name && described.text("type") == "view");
                         });
  if (failed) {
    return *std::move(failed);
  }
  return is_one;
}

StoreStatus Client::scan(const char* collection, const std::function<Status(const BsonFields&)>& each) {
  Bson options;
  BsonWriter(options).int32("batchSize", kScannedAtOnce);
  const Bson all;
  const Collection from = this->collection(collection);
  const ReadPreference primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
  return scan_all(Cursor(mongoc_collection_find_with_opts(from.get(), all.get(), options.get(), primary.get())), each);
}

StoreStatus Client::scan(const Range& range, const std::function<Status(const BsonFields&)>& each) {
  Bson options;
  BsonWriter writer(options);
  writer.int32("batchSize", kScannedAtOnce);
  writer.begin_document("sort").int32(range.ascending_by, 1).end();
  if (range.most > 0) {
    writer.int64("limit", static_cast<std::int64_t>(range.most));
  }
  const Collection from = collection(range.collection);
  const ReadPreference primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
  return scan_all(
      Cursor(mongoc_collection_find_with_opts(from.get(), range.filter.get(), options.get(), primary.get())), each);
}

StoreStatus Client::aggregate(const Aggregate& aggregate, const std::function<void(const BsonFields&)>& each) {
  Bson options;
  BsonWriter(options).int64("maxTimeMS", aggregate.most_time.count());
  const Collection from = collection(aggregate.collection);
  const ReadPreference primary(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
  return read_all(Cursor(mongoc_collection_aggregate(from.get(), MONGOC_QUERY_NONE, aggregate.stages.get(),
                                                     options.get(), primary.get())),
                  each);
}

StoreStatus Client::indexes(const char* collection, const std::function<void(const BsonFields&)>& each) {
  const Collection from = this->collection(collection);
  return read_all(Cursor(mongoc_collection_find_indexes_with_opts(from.get(), nullptr)), each);
}

}  // namespace twinlog::mongodb
