#include "ledger/record/address.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <utility>

namespace twinlog {
namespace {

class Address : public ::testing::TestWithParam<std::pair<std::string_view, std::string_view>> {};

TEST_P(Address, IsKeptInOneForm) {
  EXPECT_EQ(normal_address(GetParam().first), GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, Address,
    ::testing::Values(
        std::pair("1.2.3.4", "1.2.3.4"), std::pair("1.2.3.4:5678", "1.2.3.4"), std::pair("1.2.3.4:0", "1.2.3.4"),
        std::pair("[1.2.3.4]:80", "1.2.3.4"), std::pair("::", "::"), std::pair("::1", "::1"), std::pair("[::1]", "::1"),
        std::pair("[::1]:443", "::1"), std::pair("fe80::1%eth0", "fe80::1"),
        std::pair("[fe80::1%25eth0]:22", "fe80::1"), std::pair("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        std::pair("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"), std::pair("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        std::pair("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), std::pair("::ffff:1.2.3.4", "1.2.3.4"),
        std::pair("::FFFF:102:304", "1.2.3.4"), std::pair("[::ffff:1.2.3.4]:80", "1.2.3.4"),
        std::pair("::ffff:1.2.3.4%eth0", "1.2.3.4"), std::pair("::1.2.3.4", "::102:304"),
        std::pair("64:ff9b::1.2.3.4", "64:ff9b::102:304"), std::pair("::5", "::5"), std::pair("::1:0", "::1:0"),
        std::pair(" 1.2.3.4", "1.2.3.4"), std::pair("  [::1]:443 ", "::1"),
        std::pair("2001:db8:0:1:1:1:1:1:443", "2001:db8:0:1:1:1:1:1"),
        std::pair("1:2:3:4:5:6:7:8:65535", "1:2:3:4:5:6:7:8"), std::pair("1::3:4:5:6:7:8:443", "1:0:3:4:5:6:7:8"),
        std::pair("::ffff:1.2.3.4:5678", "1.2.3.4"), std::pair("64:ff9b::1.2.3.4:443", "64:ff9b::102:304"),
        std::pair("2001:db8::1:443", "2001:db8::1:443")));

class NoAddress : public ::testing::TestWithParam<std::string_view> {};

TEST_P(NoAddress, IsNotTaken) {
  EXPECT_FALSE(normal_address(GetParam()).has_value());
}

INSTANTIATE_TEST_SUITE_P(Texts, NoAddress,
                         ::testing::Values("", "host", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1",
                                           "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:80x", "1.2.3.4, 5.6.7.8",
                                           "1.2.3.4,5.6.7.8", " ", "1.2.3.4 5", "1:2:3:4:5:6:7:8:65536",
                                           "1:2:3:4:5:6:7:8:9:10", "2001:db8::1:54321", "::1.2.3.4:x", "1.2.3.4/24",
                                           "1.2.3.4%eth0", "[::1", "[::1]80", "[::1]:", "[]", "fe80::1%",
                                           ":::", "1::2::3", "host:80", "::1]", std::string_view("1.2.3.4\0", 8)));

TEST(AddressBytes, OfNoAddressHaveNoText) {
  const std::array<unsigned char, 5> bytes{};
  EXPECT_EQ(address_text(bytes), "");
}

}  // namespace
}  // namespace twinlog
