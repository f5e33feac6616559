// What of a text a terminal may obey instead of showing it. One table for everything that shows a sender's text.
#pragma once

#include <cstdint>
#include <string>

namespace twinlog {

/// True for control characters, format characters (bidi controls, zero-width ones, tags) and the separators of lines
/// and paragraphs: Unicode's general categories Cc, Cf, Zl and Zp (Unicode 14).
bool moves_a_terminal(std::int32_t code_point);

/// Appends \uXXXX, beyond U+FFFF as a pair of surrogates: what JSON reads back as the character.
void append_unicode_escape(std::string& out, std::int32_t code_point);

}  // namespace twinlog
