// The one translation unit that compiles Beast itself.
#include <boost/beast/src.hpp>  // NOLINT: this include is the file's purpose
