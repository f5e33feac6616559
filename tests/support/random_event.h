// Random normalised events for property tests: hostile to stores, valid by docs/EVENTS.md, every field covered.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "ledger/record/auth_event.h"

namespace twinlog::testing {

struct RandomEventOptions {
  /// Arrays directly inside arrays, which FerretDB cannot keep.
  bool allow_nested_arrays = true;
  /// Tenants to draw from; empty: tenant-0 to tenant-3.
  std::vector<std::string> tenants;
  /// Usernames, also used as user ids, to draw half of the subjects from; empty: all are random text.
  std::vector<std::string> accounts;
};

/// An event as the event reader could have made it: text within limits, valid UTF-8 without C0; canonical metadata
/// within 8 KiB and depth 8; `account` as section 6 says; `repaired` sorted. log_id is unique in practice.
AuthEvent random_event(std::mt19937_64& random, const RandomEventOptions& options = {});

/// A version of such an event: right content_hash and effective_at, random epoch and leaf (1 or more).
Version random_version(std::mt19937_64& random, const RandomEventOptions& options = {});

/// Text of at most `most_bytes` bytes from characters that stores and encoders stumble over; never empty.
std::string random_text(std::mt19937_64& random, std::size_t most_bytes);

/// Canonical JSON of an object within the limits for metadata.
std::string random_metadata(std::mt19937_64& random, bool allow_nested_arrays);

}  // namespace twinlog::testing
