#include <gtest/gtest.h>

#include "config/value_shapes.h"

namespace twinlog {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Values, ADurationIsAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("200ms"), milliseconds{200});
  EXPECT_EQ(parse_duration("20s"), seconds{20});
  EXPECT_EQ(parse_duration("15m"), minutes{15});
  EXPECT_EQ(parse_duration("1h"), hours{1});
  EXPECT_EQ(parse_duration("0s"), seconds{0});
  for (const char* text : {"", "20", "s", "1.5s", "-1s", "+1s", " 1s", "1 s", "1h30m", "1S", "1d",
                           "9223372036854775807h", "99999999999999999999ms"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(Values, ASizeIsBytesOrAWholeNumberWithABinaryUnit) {
  EXPECT_EQ(parse_size("65536"), 65536U);
  EXPECT_EQ(parse_size("1B"), 1U);
  EXPECT_EQ(parse_size("64KiB"), 64U << 10U);
  EXPECT_EQ(parse_size("4MiB"), 4U << 20U);
  EXPECT_EQ(parse_size("2GiB"), 2ULL << 30U);
  EXPECT_EQ(parse_size("1TiB"), 1ULL << 40U);
  for (const char* text :
       {"", "KiB", "64KB", "64kib", "1.5MiB", "-1", "1 MiB", "99999999TiB", "18446744073709551616"}) {
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  }
}

TEST(Values, APercentageIsAWholeNumberUpTo100WithItsSign) {
  EXPECT_EQ(parse_percent("10%"), 10U);
  EXPECT_EQ(parse_percent("100%"), 100U);
  for (const char* text : {"", "%", "10", "101%", "-1%", "1.5%", "10 %", "18446744073709551626%"}) {
    EXPECT_FALSE(parse_percent(text).has_value()) << text;
  }
}

TEST(Values, AModeIsThreeOctalDigits) {
  EXPECT_EQ(parse_mode("0660"), 0660U);
  EXPECT_EQ(parse_mode("777"), 0777U);
  EXPECT_EQ(parse_mode("000"), 0U);
  for (const char* text : {"", "66", "0888", "1660", "00660", "0x1f", "rw-rw----", "-66"}) {
    EXPECT_FALSE(parse_mode(text).has_value()) << text;
  }
}

TEST(Values, DurationsAndSizesAreShownInTheirLargestUnit) {
  EXPECT_EQ(duration_text(minutes{15}), "15m");
  EXPECT_EQ(duration_text(milliseconds{1500}), "1500ms");
  EXPECT_EQ(duration_text(milliseconds{0}), "0ms");
  EXPECT_EQ(size_text(2ULL << 30U), "2GiB");
  EXPECT_EQ(size_text(1025), "1025B");
}

TEST(Values, AListenAddressIsNumericWithAPort) {
  for (const char* text : {"", "127.0.0.1:8840", "0.0.0.0:0", "[::1]:65535", "[::]:9464"}) {
    EXPECT_EQ(check_tcp_listen(text), "") << text;
    EXPECT_EQ(check_listen(text), "") << text;
  }
  for (const char* text : {"8840", ":8840", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "256.0.0.1:1",
                           "::1:80", "[::1]", "[127.0.0.1]:80", "db:80", "127.0.0.1:80 ", "unix:run/x"}) {
    EXPECT_NE(check_listen(text), "") << text;
  }
  EXPECT_EQ(check_listen("unix:/run/x.sock"), "");
  EXPECT_NE(check_tcp_listen("unix:/run/x.sock"), "");
}

TEST(Values, ASocketPathMustFitIntoItsAddress) {
  EXPECT_EQ(check_optional_socket("/" + std::string(106, 'x')), "");
  EXPECT_NE(check_optional_socket("/" + std::string(107, 'x')), "");
  EXPECT_EQ(check_listen("unix:/" + std::string(106, 'x')), "");
  EXPECT_NE(check_listen("unix:/" + std::string(107, 'x')), "");
  EXPECT_NE(check_optional_socket("run/events.sock"), "");
  EXPECT_NE(check_optional_socket(std::string("/run/\0x", 7)), "");
}

TEST(Values, ANameHasTheCharactersOfATenant) {
  EXPECT_EQ(check_name("Az09._:~-"), "");
  EXPECT_EQ(check_name(std::string(128, 'x')), "");
  EXPECT_NE(check_name(std::string(129, 'x')), "");
  EXPECT_NE(check_name(""), "");
  EXPECT_EQ(check_optional_name(""), "");
  EXPECT_NE(check_name("a/b"), "");
  EXPECT_NE(check_name("m\xc3\xbcller"), "");
  EXPECT_EQ(check_origin("a.b/c_d-1"), "");
  EXPECT_NE(check_origin("Upper"), "");
  EXPECT_NE(check_origin(std::string(65, 'x')), "");
}

TEST(Values, AStoreAddressHasItsSchemeAndAMongodbOneItsDatabase) {
  EXPECT_EQ(check_postgres_uri("postgresql://twinlog@db/audit"), "");
  EXPECT_EQ(check_postgres_uri("postgres://a,b:5433/audit?target_session_attrs=read-write"), "");
  EXPECT_NE(check_postgres_uri("host=db dbname=audit"), "");
  EXPECT_NE(check_postgres_uri("postgresql://db/a b"), "");
  EXPECT_EQ(check_mongodb_uri("mongodb://u:p@a,b:27018/audit?replicaSet=r"), "");
  EXPECT_EQ(check_mongodb_uri("mongodb+srv://db/audit"), "");
  for (const char* text :
       {"mongodb://db", "mongodb://db/", "mongodb://db/?x=/y", "mongodb:///audit", "http://db/audit"}) {
    EXPECT_NE(check_mongodb_uri(text), "") << text;
  }
}

}  // namespace
}  // namespace twinlog
