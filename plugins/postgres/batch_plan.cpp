#include "plugins/postgres/batch_plan.h"

#include <algorithm>
#include <tuple>

namespace twinlog::postgres {
namespace {

/// std::string compares as unsigned bytes (char_traits<char>::compare is memcmp).
auto key_of(const Version& version) {
  return std::tuple<std::string_view, std::string_view>(version.event.tenant_id, version.event.log_id);
}

bool holds(const KeyPlan& plan, const Digest& hash) {
  return plan.first->content_hash == hash ||
         std::any_of(plan.others.begin(), plan.others.end(),
                     [&](const Version* other) { return other->content_hash == hash; });
}

}  // namespace

BatchPlan::BatchPlan(std::span<const Version* const> versions) {
  std::vector<const Version*> sorted(versions.begin(), versions.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Version* a, const Version* b) { return key_of(*a) < key_of(*b); });
  for (const Version* version : sorted) {
    if (keys_.empty() || key_of(*keys_.back().first) != key_of(*version)) {
      keys_.push_back({.first = version, .others = {}, .stored = version->content_hash});
    } else if (!holds(keys_.back(), version->content_hash)) {
      keys_.back().others.push_back(version);
    }
  }
  for (KeyPlan& plan : keys_) {
    std::sort(plan.others.begin(), plan.others.end(),
              [](const Version* a, const Version* b) { return a->content_hash < b->content_hash; });
  }
}

std::vector<const Version*> BatchPlan::firsts() const {
  std::vector<const Version*> firsts;
  firsts.reserve(keys_.size());
  for (const KeyPlan& plan : keys_) {
    firsts.push_back(plan.first);
  }
  return firsts;
}

KeyPlan* BatchPlan::plan_of(std::string_view tenant_id, std::string_view log_id) {
  const std::tuple<std::string_view, std::string_view> key(tenant_id, log_id);
  const auto plan = std::lower_bound(keys_.begin(), keys_.end(), key, [](const KeyPlan& each, const auto& wanted) {
    return key_of(*each.first) < wanted;
  });
  return plan != keys_.end() && key_of(*plan->first) == key ? &*plan : nullptr;
}

void BatchPlan::note_record(std::string_view tenant_id, std::string_view log_id, const Digest& stored) {
  if (KeyPlan* const plan = plan_of(tenant_id, log_id)) {
    plan->stored = stored;
    plan->is_named = true;
    plan->is_inserted = stored == plan->first->content_hash;
  }
}

void BatchPlan::note_older_record(std::string_view tenant_id, std::string_view log_id,
                                  const std::optional<Digest>& stored) {
  if (KeyPlan* const plan = plan_of(tenant_id, log_id)) {
    plan->stored = stored.value_or(plan->first->content_hash);
    plan->is_named = true;
    plan->is_erased = !stored;
  }
}

std::vector<const Version*> BatchPlan::unnamed() const {
  std::vector<const Version*> unnamed;
  for (const KeyPlan& plan : keys_) {
    if (!plan.is_named) {
      unnamed.push_back(plan.first);
    }
  }
  return unnamed;
}

std::vector<const Version*> BatchPlan::conflicts() const {
  std::vector<const Version*> conflicts;
  for (const KeyPlan& plan : keys_) {
    if (plan.is_erased) {
      continue;
    }
    const std::size_t begin = conflicts.size();
    if (plan.first->content_hash != plan.stored) {
      conflicts.push_back(plan.first);
    }
    std::copy_if(plan.others.begin(), plan.others.end(), std::back_inserter(conflicts),
                 [&](const Version* other) { return other->content_hash != plan.stored; });
    std::sort(conflicts.begin() + static_cast<std::ptrdiff_t>(begin), conflicts.end(),
              [](const Version* a, const Version* b) { return a->content_hash < b->content_hash; });
  }
  return conflicts;
}

std::vector<const Version*> BatchPlan::inserted() const {
  std::vector<const Version*> inserted;
  for (const KeyPlan& plan : keys_) {
    if (plan.is_inserted) {
      inserted.push_back(plan.first);
    }
  }
  return inserted;
}

std::vector<const Version*> BatchPlan::kept() const {
  std::vector<const Version*> kept;
  for (const KeyPlan& plan : keys_) {
    if (!plan.is_erased) {
      kept.push_back(plan.first);
      kept.insert(kept.end(), plan.others.begin(), plan.others.end());
    }
  }
  return kept;
}

std::vector<const Version*> BatchPlan::firsts_with_other_contents() const {
  std::vector<const Version*> firsts;
  for (const KeyPlan& plan : keys_) {
    if (!plan.is_erased && plan.first->content_hash == plan.stored && !plan.others.empty()) {
      firsts.push_back(plan.first);
    }
  }
  return firsts;
}

}  // namespace twinlog::postgres
