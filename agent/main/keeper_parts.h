// The keeper of a running agent: the desk that takes orders, and the thread that carries them out.
#pragma once

#include <memory>

#include "agent/keeper/keeper_desk.h"
#include "agent/main/worker.h"
#include "ledger/base/wakeup.h"

namespace twinlog {

struct AgentParts;

struct KeeperParts {
  Wakeup wakeup;
  Wakeup pauses;  ///< Nobody wakes it.
  std::unique_ptr<KeeperDesk> desk;
  std::unique_ptr<Worker> worker;  ///< The thread around it.
};

/// After the notary and the couriers.
void start_keeper(AgentParts& parts);

}  // namespace twinlog
