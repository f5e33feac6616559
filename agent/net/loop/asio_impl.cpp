// The one translation unit that compiles Asio itself.
#include <boost/asio/impl/src.hpp>  // NOLINT: this include is the file's purpose
