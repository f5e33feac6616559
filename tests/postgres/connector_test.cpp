// Which places an address means, and which of them are taken.
#include "plugins/postgres/connector.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "plugins/postgres/connect_options.h"
#include "tests/postgres/rig.h"

namespace twinlog {
namespace {

using postgres::connect_plan;
using postgres::Connector;
using postgres::share_of_place;

StoreSettings at(const std::string& uri) {
  StoreSettings settings;
  settings.uri = Secret::literal(uri);
  return settings;
}

std::string port(testing::LiveServer& server = testing::server()) {
  const std::string& uri = server.uri();
  const std::size_t begin = uri.rfind(':') + 1;
  return uri.substr(begin, uri.find('/', begin) - begin);
}

/// "" or the words of the error.
std::string open(const std::string& uri) {
  auto opened = Connector(at(uri), testing::real_clock()).open();
  return opened.ok() ? "" : opened.error().words;
}

/// "host hostaddr port" of each place.
std::vector<std::string> places(const std::string& uri) {
  auto plan = connect_plan(at(uri));
  std::vector<std::string> found;
  for (postgres::ConnectOptions& host : plan.ok() ? plan->hosts : std::vector<postgres::ConnectOptions>()) {
    found.push_back(host["host"] + " " + host["hostaddr"] + " " + host["port"]);
  }
  return found;
}

std::optional<std::chrono::milliseconds> limit(const std::string& seconds) {
  auto plan = connect_plan(at("postgresql://db/audit?connect_timeout=" + seconds));
  EXPECT_TRUE(plan.ok());
  return plan.ok() ? plan->limit : std::nullopt;
}

TEST(PostgresPlaces, AreTakenApartAndOnePortIsForAll) {
  using Places = std::vector<std::string>;
  EXPECT_EQ(places("postgresql://a:1,b:2/x"), (Places{"a  1", "b  2"}));
  EXPECT_EQ(places("postgresql://a,b/x?port=7"), (Places{"a  7", "b  7"}));
  EXPECT_EQ(places("host=a,b hostaddr=192.0.2.1,192.0.2.2 port=1,2"), (Places{"a 192.0.2.1 1", "b 192.0.2.2 2"}));
  EXPECT_EQ(places("host=a,b hostaddr=,192.0.2.2 port=1,"), (Places{"a  1", "b 192.0.2.2 "}));
  EXPECT_EQ(places("host=/run/postgresql port=1"), (Places{"/run/postgresql  1"}));
  EXPECT_EQ(places("dbname=x port=1"), (Places{"  1"}));
}

TEST(PostgresPlaces, ThatDoNotFitEachOtherHoldAndAreNotQuoted) {
  for (const char* const uri :
       {"host=hunter2,b hostaddr=192.0.2.1", "host=hunter2,b,c port=1,2", "postgresql://user:pass@hunter2:word@db/x",
        "host=hunter2 port=0", "host=hunter2 port=65536", "host=db connect_timeout=hunter2"}) {
    const auto plan = connect_plan(at(uri));
    ASSERT_FALSE(plan.ok()) << uri;
    EXPECT_EQ(plan.error().reaction, Reaction::kHold);
    EXPECT_EQ(plan.error().words.find("hunter2"), std::string::npos);
  }
}

TEST(PostgresPlaces, HaveTheTimeThatTheAddressGivesThem) {
  EXPECT_EQ(limit("7"), std::chrono::seconds{7});
  EXPECT_EQ(limit("1"), std::chrono::seconds{2});
  EXPECT_EQ(limit("2000000000"), std::chrono::seconds{60});
  EXPECT_EQ(limit("0"), std::nullopt);
  EXPECT_EQ(limit("-1"), std::nullopt);
}

TEST(PostgresPlaces, MayComeFromTheEnvironmentOfLibpq) {
  setenv("PGHOST", "a,b", 1);
  setenv("PGCONNECT_TIMEOUT", "5", 1);
  const auto plan = connect_plan(at("postgresql:///audit?port=1,2"));
  unsetenv("PGHOST");
  unsetenv("PGCONNECT_TIMEOUT");
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->hosts.size(), 2U);
  EXPECT_EQ(plan->hosts[1].at("host"), "b");
  EXPECT_EQ(plan->limit, std::chrono::seconds{5});
}

TEST(PostgresConnector, GivesEachPlaceAShareOfFortySecondsBetweenTwoAndTen) {
  using std::chrono::seconds;
  const auto share = [](std::size_t places) { return share_of_place(postgres::kRoundLimit, places); };
  EXPECT_EQ(share(1), seconds{10});
  EXPECT_EQ(share(4), seconds{10});
  EXPECT_EQ(share(8), seconds{5});
  EXPECT_EQ(share(100), seconds{2});
  EXPECT_EQ(share_of_place(seconds{-5}, 1), seconds{2}) << "the time is up";
}

TEST(PostgresConnector, SaysWhatSomebodyMustMendRatherThanThatAPlaceIsAway) {
  const std::string hosts = "postgresql://nobody_at_all@127.0.0.1:1,127.0.0.1:" + port() + ",127.0.0.1:1/postgres";
  EXPECT_NE(open(hosts).find("3 addresses of 3 hosts tried: PostgreSQL refused the login"), std::string::npos)
      << open(hosts);
  // No TLS at that server: nobody there says so by a code.
  EXPECT_NE(open(hosts + "?sslmode=require").find("no TLS session"), std::string::npos) << open(hosts);
}

TEST(PostgresConnector, LooksNoNameUpBesideAnAddress) {
  EXPECT_EQ(open("host=no.such.host.invalid hostaddr=127.0.0.1 user=postgres dbname=postgres port=" + port()), "");
}

TEST(PostgresConnector, FindsAServerByItsName) {
  EXPECT_EQ(open("postgresql://postgres@localhost:" + port() + "/postgres"), "");
}

TEST(PostgresConnector, FindsASecondServerUnderTheNameOfTheFirst) {
  EXPECT_EQ(open("postgresql://postgres@localhost:1,localhost:" + port() + "/postgres"), "");
  EXPECT_NE(open("postgresql://postgres@localhost:1,localhost:1/postgres").find("of 2 hosts tried"), std::string::npos);
}

TEST(PostgresConnector, TriesAgainSoonWhereAPlaceIsAwayWhateverIsToBeMendedElsewhere) {
  const std::string hosts = "postgresql://postgres@127.0.0.1:" + port();
  const auto reaction = [](const std::string& uri) {
    return Connector(at(uri), testing::real_clock()).open().error().reaction;
  };
  EXPECT_EQ(reaction(hosts + "/postgres?sslmode=require"), Reaction::kHold);
  EXPECT_EQ(reaction(hosts + ",127.0.0.1:1/postgres?sslmode=require"), Reaction::kReconnect);
}

TEST(PostgresConnector, FindsAServerThroughItsSocket) {
  testing::LiveServer& server = testing::second_server();
  const auto session = testing::Database("postgres", server).session();
  const std::string folder = testing::select(*session, "SELECT current_setting('unix_socket_directories')").at(0);
  const std::string path = folder.substr(1, folder.size() - 2);  // A row in parentheses.
  EXPECT_EQ(open("host=" + path + " user=postgres dbname=postgres port=" + port(server)), "");
}

TEST(PostgresConnector, TellsHowManyNamesDnsDoesNotKnow) {
  const std::string words = open("postgresql://postgres@no.such.host.invalid,neither.this.invalid/postgres");
  EXPECT_NE(words.find("2 names not resolved"), std::string::npos) << words;
  EXPECT_NE(words.find("DNS"), std::string::npos) << words;
  EXPECT_EQ(words.find("invalid"), std::string::npos) << "a name that is none may be a part of the password";
}

}  // namespace
}  // namespace twinlog
