#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

const DeadLetterCounts& letters_of(const HealthFacts& facts, StoreId store) {
  return facts.spool.dead_letters.at(static_cast<std::size_t>(store));
}

std::string share_words(const HealthFacts& facts) {
  std::uint64_t bytes = 0;
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    bytes += letters_of(facts, store).bytes;
  }
  return bytes_words(bytes) + " of the " + bytes_words(facts.spool.dead_letters_max) +
         " that dead letters of all stores may take";
}

std::string refusal_words(StoreId store, const CourierStatus& courier) {
  if (!courier.last_refusal) {
    return "";
  }
  return " The last one: " + code_words(store, *courier.last_refusal) + courier.last_refusal->words + ".";
}

std::string replay_words(const ReplayTally& replay) {
  std::string words;
  if (replay.waiting > 0) {
    words += " " + count_words(replay.waiting, "letter") + " to be offered to it again now.";
  }
  if (replay.refused > 0) {
    words += " Of those offered again since the start it refused " + std::to_string(replay.refused) + " once more.";
  }
  return words;
}

std::string lacking_words(const HealthFacts& facts, StoreId id, const DeadLetterCounts& letters) {
  const StoreId other = id == StoreId::kPostgres ? StoreId::kMongodb : StoreId::kPostgres;
  return sentence(std::string(store_title(id))) + " lacks " + count_words(letters.letters, "event") +
         ": until that is settled, its state of " + count_words(letters.accounts, "account") + " may differ from " +
         (facts_of(facts, other).is_enabled ? "that in the other store." : "what was taken.");
}

std::string letter_advice(const HealthFacts& facts, StoreId id) {
  const auto command = [&facts](const std::string& words) {
    return twinlog_command("spool dead-letters " + words, facts.known.config);
  };
  return "See what it refuses and why (" + command("list") + "), mend that at the server, then " +
         command("replay --store " + std::string(store_name(id))) + "; or " +
         command("discard --id ... --yes --reason ...") + " what it is never to get.";
}

}  // namespace

HealthComponent judge_dead_letters(const HealthFacts& facts, StoreId id) {
  const StoreFacts& store = facts_of(facts, id);
  const std::string name = "dead_letters_" + std::string(store_name(id));
  if (!store.is_enabled) {
    return turned_off(name, "Nothing is offered to it: the store is turned off.");
  }
  if (facts.phase == Phase::kStarting) {
    return well(name, "Not known yet: twinlog is starting.");
  }
  const DeadLetterCounts& letters = letters_of(facts, id);
  const std::string title(store_title(id));
  if (store.courier.last_error && store.courier.is_held_by_letters) {
    return {.name = name,
            .state = HealthState::kFailing,
            .impact = impact_of_store(facts, id),
            .diagnosis = "Nothing more is delivered to " + title +
                         ": it refuses events for good, and there is no room "
                         "to keep one more (" +
                         share_words(facts) + ").",
            .action = letter_advice(facts, id) + " Or raise spool.dead_letters_max and restart."};
  }
  if (letters.letters == 0) {
    return well(name, "None: " + title + " refuses nothing for good.");
  }
  return {
      .name = name,
      .state = HealthState::kDegraded,
      .impact = (takes_nothing(facts) ? "" : "All else is taken and delivered. ") + lacking_words(facts, id, letters),
      .diagnosis = sentence(title) + " refuses " + count_words(letters.letters, "event") + " for good" +
                   (letters.oldest_refused_at ? ", the oldest since " + utc_text(*letters.oldest_refused_at) : "") +
                   "; the spool keeps them as dead letters, " + share_words(facts) + "." +
                   refusal_words(id, store.courier) + replay_words(store.courier.replay),
      .action = letter_advice(facts, id)};
}

}  // namespace twinlog
