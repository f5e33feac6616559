// RapidJSON with the processor's wide registers, in a namespace of its own: what it inlines differs from what the rest
// of the program has of it, and one name must not mean two things. Include it in place of RapidJSON's headers. Parsed
// text needs kBytesBehind readable bytes behind its end.
#pragma once

#ifdef RAPIDJSON_RAPIDJSON_H_
#error "RapidJSON is here already, in its plain form"
#endif
#define RAPIDJSON_NAMESPACE twinlog_simd_json
#define RAPIDJSON_NAMESPACE_BEGIN namespace twinlog_simd_json {
#define RAPIDJSON_NAMESPACE_END }
#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#elif defined(__ARM_NEON)
#define RAPIDJSON_NEON
#endif

#include <rapidjson/document.h>

#include <cstddef>

namespace twinlog {

namespace simd_json = twinlog_simd_json;

inline constexpr std::size_t kBytesBehind = 32;

}  // namespace twinlog
