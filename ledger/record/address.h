// The text of network addresses as senders write them, and in the one form that is kept.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace twinlog {

/// The address in `text` in RFC 5952 form (IPv4: dotted), after taking off spaces, a port, brackets and a zone; an
/// IPv4-mapped IPv6 address becomes IPv4. Behind IPv6 without brackets a port is one only where no group can stand: as
/// the ninth, or behind an IPv4 address. Nothing when it is not an address. Apart from mapped addresses, IPv6 text is
/// purely hexadecimal. Pure.
std::optional<std::string> normal_address(std::string_view whole);

/// The same form from the 4 or 16 bytes of an address in network order; "" for another number of bytes.
std::string address_text(std::span<const unsigned char> bytes);

}  // namespace twinlog
