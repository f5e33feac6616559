// The whole pipeline on one thread with a virtual clock: front door, the real spool, two couriers, two memory stores.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "agent/pipeline/courier.h"
#include "agent/pipeline/front_door.h"
#include "spool/rocks_spool.h"
#include "tests/support/simulation.h"

namespace twinlog::testing {

class Rig {
 public:
  explicit Rig(RocksSpoolSettings spool_settings = {}, CourierSettings courier = {})
      : spool_settings_(std::move(spool_settings)) {
    std::string folder = (std::filesystem::temp_directory_path() / "twinlog-rig-XXXXXX").string();
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    spool_settings_.path = folder_ + "/spool";
    spool_settings_.agent = "rig";
    courier_settings_ = courier;
    boot();
  }
  ~Rig() {
    halt();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// Sends one event and gives its disposition; "" is an agent-made log id.
  Disposition submit(const std::string& log_id, const std::string& type = "login_success");
  /// Lets simulated time pass; every part is stepped whenever it wants to be.
  void run_for(std::chrono::milliseconds time);
  /// SIGKILL and a start: on the folder as it is at this moment, with nothing closed, synced or said goodbye to.
  void restart();
  /// The spool's upkeep may fail from now on, as on a disk that does.
  void let_disk_fail() { may_disk_fail_ = true; }

  VirtualClock clock;
  SeededRandom random{7};
  KeptLog log;
  MemoryStore postgres;
  MemoryStore mongodb;
  std::unique_ptr<Spool> spool;
  std::unique_ptr<Courier> to_postgres;
  std::unique_ptr<Courier> to_mongodb;

 private:
  void boot();
  void halt();
  bool may_disk_fail_ = false;
  std::string folder_;
  RocksSpoolSettings spool_settings_;
  CourierSettings courier_settings_;
  NoWait wait_;
  std::unique_ptr<FrontDoor> front_door_;
};

}  // namespace twinlog::testing
