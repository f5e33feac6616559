// Logging in, against a fake server: neither of the real ones at hand asks for a password. Mechanism PLAIN, so that the
// password that was sent can be seen.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/mongodb/rig.h"
#include "tests/mongodb/scripted_peer.h"
#include "tests/support/temp_folder.h"

namespace twinlog {
namespace {

using testing::ScriptedPeer;

constexpr const char* kRefused = R"({"ok":0,"code":18,"errmsg":"no: first-password"})";
constexpr const char* kAccepted =
    R"({"ok":1,"conversationId":1,"done":true,"payload":{"$binary":{"base64":"","subType":"00"}}})";
constexpr const char* kLogin = "saslStart ";
// NUL, user, NUL, password, as the driver sends them: in base64.
constexpr const char* kFirst = "AHdyaXRlcgBmaXJzdC1wYXNzd29yZA==";
constexpr const char* kSecond = "AHdyaXRlcgBzZWNvbmQtcGFzc3dvcmQ=";

class Login : public ::testing::Test {
 protected:
  Login() : store_(make_mongodb_store({.store = settings(), .agent = "a"}, clock_, random_, pauses_)) {}

  StoreSettings settings() {
    StoreSettings settings;
    settings.uri =
        Secret::literal("mongodb://writer@127.0.0.1:" + std::to_string(peer_.port()) + "/audit?authMechanism=PLAIN");
    settings.password = Secret::in_file(folder_.path("password"));
    write_password("first-password");
    return settings;
  }
  void write_password(const std::string& password) { std::ofstream(folder_.path("password")) << password << "\n"; }

  testing::TempFolder folder_;
  ScriptedPeer peer_;
  testing::VirtualClock clock_;
  testing::SeededRandom random_{1};
  testing::NoWait pauses_;
  std::unique_ptr<Store> store_;
};

TEST_F(Login, ARefusedPasswordHoldsAndIsReadAnewFromItsFileForTheNextTry) {
  peer_.answer(kLogin, kRefused);
  const auto refused = store_->connect(testing::kNoEpochs);
  const auto& error = refused.error();
  EXPECT_EQ(error.reaction, Reaction::kHold);
  EXPECT_EQ(error.words.find("first-password"), std::string::npos);
  EXPECT_NE(error.words.find("password file"), std::string::npos);
  EXPECT_NE(peer_.last(kLogin).find(kFirst), std::string::npos);
  write_password("second-password");
  peer_.answer(kLogin, kAccepted);
  peer_.answer_current_schema(4);
  EXPECT_TRUE(store_->connect(testing::kNoEpochs));
  EXPECT_NE(peer_.last(kLogin).find(kSecond), std::string::npos);
}

TEST_F(Login, APasswordFileThatIsGoneHoldsAndNamesTheFile) {
  std::remove(folder_.path("password").c_str());
  const auto refused = store_->connect(testing::kNoEpochs);
  EXPECT_EQ(refused.error().reaction, Reaction::kHold);
  EXPECT_NE(refused.error().words.find(folder_.path("password")), std::string::npos);
}

}  // namespace
}  // namespace twinlog
