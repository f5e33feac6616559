// Socket files, peer credentials and socket activation.
#include "agent/net/loop/listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "agent/net/loop/peer_credentials.h"
#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

using testing::answer;
using testing::Client;
using testing::event;
using ::testing::HasSubstr;
using testing::IntakeRig;
using testing::TemporaryFolder;

mode_t mode_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

/// Changes the umask of this process for as long as it lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

TEST(SocketFile, HasExactlyItsModeWhateverTheUmask) {
  const TemporaryFolder folder;
  for (const mode_t mask : {0U, 022U, 077U}) {
    const Umask umask(mask);
    for (const unsigned mode : {0600U, 0660U, 0666U}) {
      const auto listener = listen_unix(folder.file("s"), mode);
      ASSERT_TRUE(listener);
      EXPECT_EQ(mode_of(folder.file("s")), mode);
    }
  }
}

TEST(SocketFile, ItsFolderIsMadeWhereOnlyThatIsMissing) {
  const TemporaryFolder folder;
  ASSERT_TRUE(listen_unix(folder.file("run/s"), 0660));
  EXPECT_EQ(mode_of(folder.file("run")) & 0700U, 0700U);
  const auto too_deep = listen_unix(folder.file("a/b/s"), 0660);
  ASSERT_FALSE(too_deep);
  EXPECT_THAT(too_deep.error().message(), HasSubstr("the folder " + folder.file("a/b") + " cannot be made"));
}

TEST(SocketFile, AStaleOneIsReplacedAndOursGoesWithUs) {
  const TemporaryFolder folder;
  const std::string path = folder.file("s");
  {
    auto stale = listen_unix(path, 0660);
    ASSERT_TRUE(stale);
    ASSERT_EQ(::link(path.c_str(), folder.file("copy").c_str()), 0);
  }
  ASSERT_FALSE(exists(path));
  ASSERT_EQ(::rename(folder.file("copy").c_str(), path.c_str()), 0);
  {
    const auto listener = listen_unix(path, 0660);
    ASSERT_TRUE(listener);
    EXPECT_TRUE(Client::to_unix(path).is_connected());
  }
  EXPECT_FALSE(exists(path));
}

TEST(SocketFile, ALiveOneIsRefusedAndStays) {
  const TemporaryFolder folder;
  const std::string path = folder.file("s");
  const auto live = listen_unix(path, 0660);
  ASSERT_TRUE(live);
  const auto second = listen_unix(path, 0660);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::kRefused);
  EXPECT_THAT(second.error().message(), HasSubstr(path));
  EXPECT_THAT(second.error().message(), HasSubstr("live process"));
  EXPECT_TRUE(Client::to_unix(path).is_connected());
}

TEST(SocketFile, WhatIsNotASocketIsRefusedAndStays) {
  const TemporaryFolder folder;
  folder.write("file", "precious");
  const auto listener = listen_unix(folder.file("file"), 0660);
  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().message(), HasSubstr("not a socket"));
  EXPECT_TRUE(exists(folder.file("file")));
}

TEST(SocketFile, APathThatIsTooLongIsRefused) {
  const auto too_long = listen_unix("/" + std::string(107, 'x'), 0660);
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().message(), HasSubstr("107 bytes"));
}

TEST(SocketFile, OneThatSomebodyElsePutThereIsNotRemovedByUs) {
  const TemporaryFolder folder;
  const std::string path = folder.file("s");
  auto ours = listen_unix(path, 0660);
  ASSERT_TRUE(ours);
  ASSERT_EQ(::rename(path.c_str(), folder.file("moved").c_str()), 0);
  const auto theirs = listen_unix(path, 0660);
  ASSERT_TRUE(theirs);
  ours = Error(ErrorKind::kFull, "gone");
  EXPECT_TRUE(exists(path));
}

TEST(TcpListener, TakesIpv4Ipv6AndNamesAndRefusesTheRest) {
  const auto four = listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(four);
  EXPECT_THAT(four->address, ::testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
  EXPECT_TRUE(listen_tcp("localhost:0"));
  for (const std::string bad : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:http?", "no such host:1"}) {
    const auto listener = listen_tcp(bad);
    ASSERT_FALSE(listener) << bad;
    EXPECT_THAT(listener.error().message(), HasSubstr(bad));
  }
}

TEST(TcpListener, APortInUseIsRefusedByName) {
  const auto first = listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(first);
  const auto second = listen_tcp(first->address);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr(first->address));
  EXPECT_THAT(second.error().message(), HasSubstr("in use"));
}

TEST(Peers, OurOwnUidAndGidAreAllowedAndOthersAreNot) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const std::uint32_t uid = ::getuid();
  const std::uint32_t gid = ::getgid();
  EXPECT_TRUE(is_allowed_peer(pair[0], {}));
  EXPECT_TRUE(is_allowed_peer(pair[0], {{uid + 1, uid}, {}}));
  EXPECT_TRUE(is_allowed_peer(pair[0], {{}, {gid + 1, gid}}));
  EXPECT_FALSE(is_allowed_peer(pair[0], {{uid + 4711}, {}}));
  EXPECT_FALSE(is_allowed_peer(pair[0], {{uid + 4711}, {gid + 4711}}));
  ::close(pair[0]);
  ::close(pair[1]);
}

TEST(Peers, AnAllowedUidGetsItsAnswersAndARefusedPeerIsClosedBeforeAnythingIsRead) {
  for (const bool is_allowed : {true, false}) {
    IntakeRig rig;
    rig.settings.unix_socket.allow_uids = {::getuid() + (is_allowed ? 0U : 4711U)};
    ASSERT_TRUE(rig.start());
    Client client = rig.connect();
    ASSERT_TRUE(client.is_connected());
    client.send(event("a") + "\n");
    const auto line = client.read_line();
    EXPECT_EQ(line.has_value(), is_allowed);
    EXPECT_EQ(rig.intake.log_ids().size(), is_allowed ? 1U : 0U);
    EXPECT_EQ(rig.counters.peers_refused.total, is_allowed ? 0U : 1U);
  }
}

TEST(Peers, WhoHandsALineOverIsKeptAsTheKernelNamesThem) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect();
  client.send(event("a") + "\n");
  ASSERT_TRUE(client.read_line().has_value());
  ASSERT_EQ(rig.intake.arrivals().size(), 1U);
  EXPECT_EQ(rig.intake.arrivals().front(), (Arrival{Ingress::kUnix, ::getuid(), ::getgid()}));
}

/// Connects as uid 1234, gid 1235 with the supplementary group 1236 and says whether an event was answered.
bool is_served_as_other_user(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    const gid_t supplementary = 1236;
    if (::setgroups(1, &supplementary) != 0 || ::setgid(1235) != 0 || ::setuid(1234) != 0) {
      ::_exit(3);
    }
    Client client = Client::to_unix(path);
    ::_exit(client.is_connected() && client.send(event("other") + "\n") && client.read_line() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Peers, UidGidAndSupplementaryGroupsOfAnotherUserCount) {
  if (::getuid() != 0) {
    GTEST_SKIP() << "only root can become another user";
  }
  struct Case {
    std::vector<std::uint32_t> uids;
    std::vector<std::uint32_t> gids;
    bool is_served;
  };
  for (const Case& expected : {Case{{1234}, {}, true}, Case{{}, {1235}, true}, Case{{}, {1236}, true},
                               Case{{4}, {5}, false}, Case{{4, 1234}, {5}, true}, Case{{}, {1234}, false}}) {
    IntakeRig rig;
    ::chmod(rig.folder.file(".").c_str(), 0755);
    rig.settings.unix_socket.mode = 0666;
    rig.settings.unix_socket.allow_uids = expected.uids;
    rig.settings.unix_socket.allow_gids = expected.gids;
    ASSERT_TRUE(rig.start());
    EXPECT_EQ(is_served_as_other_user(rig.settings.unix_socket.path), expected.is_served);
  }
}

TEST(Activation, ListeningSocketsThatWereOpenedForUsAreServedAndTheirFileStays) {
  IntakeRig rig;
  const std::string path = rig.folder.file("activated.sock");
  auto lines = listen_unix(path, 0600);
  auto http = listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(lines && http);
  ASSERT_TRUE(rig.start({lines->descriptor.release(), http->descriptor.release()}));
  EXPECT_EQ(rig.server->http_address(), http->address);
  EXPECT_FALSE(exists(rig.settings.unix_socket.path));
  Client client = Client::to_unix(path);
  ASSERT_TRUE(client.send(event("a") + "\n"));
  EXPECT_EQ(client.read_line(), answer("stored", "a"));
  rig.server->stop(std::chrono::milliseconds{0});
  EXPECT_TRUE(exists(path));
}

TEST(Activation, ANameWithoutAFileIsToldAsSystemdWritesIt) {
  const std::string name = "twinlog-test-" + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  Descriptor listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  IntakeRig rig;
  ASSERT_TRUE(rig.start({listening.release()}));
  EXPECT_EQ(rig.server->address(Transport::kUnix), "@" + name);
  EXPECT_TRUE(rig.server->can_be_found(Transport::kUnix));
}

TEST(WaysIn, EachTellsItsAddressAndOneThatIsOffTellsNone) {
  IntakeRig rig;
  rig.settings.http.listen = "";
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(rig.server->address(Transport::kUnix), rig.settings.unix_socket.path);
  EXPECT_EQ(rig.server->address(Transport::kHttp), "");
  EXPECT_TRUE(rig.server->can_be_found(Transport::kHttp));
}

TEST(WaysIn, ASocketFileThatWasRemovedOrReplacedCannotBeFound) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const std::string& path = rig.settings.unix_socket.path;
  EXPECT_TRUE(rig.server->can_be_found(Transport::kUnix));
  ASSERT_EQ(::rename(path.c_str(), (path + ".aside").c_str()), 0);
  EXPECT_FALSE(rig.server->can_be_found(Transport::kUnix));
  EXPECT_TRUE(rig.server->can_be_found(Transport::kHttp));
  auto other = listen_unix(path, 0600);
  ASSERT_TRUE(other);
  EXPECT_FALSE(rig.server->can_be_found(Transport::kUnix));
  ASSERT_EQ(::rename((path + ".aside").c_str(), path.c_str()), 0);
  EXPECT_TRUE(rig.server->can_be_found(Transport::kUnix));
}

TEST(WaysIn, ASocketFileThatWasOpenedForUsIsLookedAfterToo) {
  IntakeRig rig;
  const std::string path = rig.folder.file("activated.sock");
  auto lines = listen_unix(path, 0600);
  ASSERT_TRUE(lines);
  ASSERT_TRUE(rig.start({lines->descriptor.release()}));
  EXPECT_EQ(rig.server->address(Transport::kUnix), path);
  EXPECT_TRUE(rig.server->can_be_found(Transport::kUnix));
  ASSERT_EQ(::unlink(path.c_str()), 0);
  EXPECT_FALSE(rig.server->can_be_found(Transport::kUnix));
}

TEST(Activation, WhatIsNotAListeningSocketIsRefused) {
  IntakeRig rig;
  const Status started = rig.start({::open("/dev/null", O_RDONLY | O_CLOEXEC)});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(), HasSubstr("activated descriptor"));
}

TEST(Listener, TheAnyAddressOfIpv6IsServedOverBothFamilies) {
  const auto listener = listen_tcp("[::]:0");
  ASSERT_TRUE(listener);
  const std::string port = listener->address.substr(listener->address.rfind(':'));
  EXPECT_TRUE(Client::to_tcp("127.0.0.1" + port).is_connected());
}

TEST(Listener, AFolderThatOthersMayWriteToIsNamedUnlessItIsSticky) {
  const TemporaryFolder folder;
  const std::string place = folder.file("open");
  ASSERT_EQ(::mkdir(place.c_str(), 0700), 0);
  for (const auto& [mode, is_open] : {std::pair{0777U, true}, {0770U, false}, {01777U, false}, {0755U, false}}) {
    ASSERT_EQ(::chmod(place.c_str(), mode), 0);
    const auto listener = listen_unix(place + "/s", 0600);
    ASSERT_TRUE(listener);
    EXPECT_EQ(listener->open_folder, is_open ? place : "") << mode;
  }
}

}  // namespace
}  // namespace twinlog
