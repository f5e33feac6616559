#include "agent/main/build_facts.h"

#include "agent/net/http/http_codec.h"
#include "agent/observe/pages.h"
#include "ledger/record/canonical.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"
#include "spool/layout.h"
#include "spool/stopped_spool.h"

namespace twinlog {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace

std::string version_text() {
  return "twinlog " + std::string(twinlog_version()) + "\nrevision: " + std::string(build_revision()) +
         "\ncompiler: " + compiler() + "\nbuild type: " TWINLOG_BUILD_TYPE + "\nrocksdb: " + rocksdb_version() +
         "\nboost: " + boost_version() + "\nlibpq: " + libpq_version() + "\nmongoc: " + mongoc_version() +
         "\nspool format: " + std::to_string(kSpoolFormat) + "\nledger format: " + std::to_string(kVersionLayout);
}

}  // namespace twinlog
