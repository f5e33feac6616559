#include "tests/pipeline/rig.h"

#include <algorithm>
#include <utility>

namespace twinlog::testing {

using std::chrono::milliseconds;

void Rig::boot() {
  auto opened = open_rocks_spool(spool_settings_, random, clock);
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  spool = std::move(*opened);
  EventReaderSettings reader;
  reader.default_tenant = "acme";
  reader.log_id_key = spool->identity().log_id_key;
  reader.random = &random;
  front_door_ = std::make_unique<FrontDoor>(
      std::move(reader),
      FrontDoor::Parts{.spool = *spool, .clock = clock, .log = log, .wait = wait_, .on_accepted = [] {}});
  const auto make_courier = [this](StoreId id, Store& store) {
    CourierSettings settings = courier_settings_;
    settings.store = id;
    return std::make_unique<Courier>(
        settings, Courier::Parts{.spool = *spool, .store = store, .clock = clock, .random = random, .log = log});
  };
  to_postgres = make_courier(StoreId::kPostgres, postgres);
  to_mongodb = make_courier(StoreId::kMongodb, mongodb);
}

void Rig::halt() {
  to_postgres.reset();
  to_mongodb.reset();
  front_door_.reset();
  spool.reset();
  postgres.disconnect();
  mongodb.disconnect();
}

void Rig::restart() {
  const std::string killed = folder_ + "/killed";
  std::filesystem::copy(spool_settings_.path, killed, std::filesystem::copy_options::recursive);
  halt();
  std::filesystem::remove_all(spool_settings_.path);
  std::filesystem::rename(killed, spool_settings_.path);
  boot();
}

Disposition Rig::submit(const std::string& log_id, const std::string& type) {
  std::string json = R"({"event_type":")" + type + R"(","occurred_at":1790000000000,"user_id":"u1")";
  json += log_id.empty() ? "}" : R"(,"log_id":")" + log_id + "\"}";
  EventReader::RequestContext request;
  ReadOutcome outcome = front_door_->reader().read_event(json, request);
  std::optional<Disposition> answer;
  Submission submission;
  submission.events.push_back(std::get<AcceptedEvent>(std::move(outcome)));
  submission.done = [&answer](std::vector<Disposition> dispositions) { answer = dispositions.at(0); };
  front_door_->submit(std::move(submission));
  front_door_->step();
  EXPECT_TRUE(answer.has_value()) << "a submission was not answered";
  return answer.value_or(Disposition::kBusy);
}

void Rig::run_for(milliseconds time) {
  const auto end = clock.steady_now() + time;
  while (clock.steady_now() < end) {
    front_door_->step();
    EXPECT_TRUE(spool->maintain(clock.steady_now()).ok() || may_disk_fail_);
    milliseconds wait = std::min(to_postgres->step(), to_mongodb->step());
    const auto rest = std::chrono::ceil<milliseconds>(end - clock.steady_now());
    clock.advance(std::min(rest, std::max(milliseconds{1}, wait)));
  }
}

}  // namespace twinlog::testing
