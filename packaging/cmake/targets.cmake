# The house rules of the build: one leaf folder is one library, and every dependency is named.

option(TWINLOG_TESTS "Build the tests" ON)
option(TWINLOG_WERROR "A warning is an error; on in our presets, off for whoever builds with another compiler" OFF)
set(TWINLOG_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(spdlog REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(CLI11 REQUIRED)
find_package(double-conversion REQUIRED)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(rocksdb REQUIRED IMPORTED_TARGET rocksdb)
pkg_check_modules(mongoc REQUIRED IMPORTED_TARGET libmongoc-1.0>=1.23)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)

# The assertions of the libraries' headers (RapidJSON, Boost) stay on in every build type; our own checks are std::abort and
# know no NDEBUG. A broken invariant ends the process; the spool makes restarts cheap.
foreach(type RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_${type} "${CMAKE_CXX_FLAGS_${type}}")
endforeach()

include(packaging/cmake/hardening.cmake)

add_library(twinlog_flags INTERFACE)
target_include_directories(twinlog_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(twinlog_flags INTERFACE
  -Wall -Wextra -Wpedantic $<$<BOOL:${TWINLOG_WERROR}>:-Werror> -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-qual
  -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(twinlog_flags INTERFACE -Wduplicated-cond -Wlogical-op)
endif()
target_link_libraries(twinlog_flags INTERFACE Threads::Threads)
twinlog_harden(twinlog_flags)
if(TWINLOG_TESTS)
  target_compile_definitions(twinlog_flags INTERFACE TWINLOG_KILL_POINTS)  # See ledger/base/kill_point.h.
endif()
if(TWINLOG_SANITIZE)
  target_compile_options(twinlog_flags INTERFACE "-fsanitize=${TWINLOG_SANITIZE}" -fno-omit-frame-pointer)
  target_link_options(twinlog_flags INTERFACE "-fsanitize=${TWINLOG_SANITIZE}")
  if(TWINLOG_SANITIZE MATCHES "undefined")
    target_compile_options(twinlog_flags INTERFACE -fno-sanitize-recover=undefined)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      target_compile_options(twinlog_flags INTERFACE
        "-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/tests/fuzz/ubsan-ignore.txt")
    endif()
  endif()
  if(TWINLOG_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(twinlog_flags INTERFACE -Wno-tsan)
  endif()
endif()

# twinlog_library(NAME SOURCES a.cpp ... DEPENDS twinlog_x ... LIBRARIES Some::library ...)
# DEPENDS names our own libraries (public); LIBRARIES are third-party and private to this folder.
function(twinlog_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC twinlog_flags ${ARG_DEPENDS} PRIVATE ${ARG_LIBRARIES})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE twinlog_flags ${ARG_DEPENDS})
  endif()
endfunction()

# twinlog_test(NAME LABEL fast|live|lint SOURCES a.cpp ... DEPENDS twinlog_x ... LIBRARIES Some::library ...)
# One binary is one ctest entry; its cases are counted from the XML that it writes.
function(twinlog_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE twinlog_flags ${ARG_DEPENDS} ${ARG_LIBRARIES} GTest::gtest GTest::gmock
    GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE TWINLOG_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name} "--gtest_output=xml:${PROJECT_BINARY_DIR}/test-results/${name}.xml")
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}")
endfunction()

# twinlog_threads_test(NAME BINARY FILTER cases): some cases of a test binary that have threads, once more as a ctest entry of
# its own where the thread sanitizer is on, as all of them take too long under it.
function(twinlog_threads_test name binary)
  cmake_parse_arguments(ARG "" "FILTER" "" ${ARGN})
  if(TWINLOG_SANITIZE MATCHES "thread")
    add_test(NAME ${name} COMMAND ${binary} "--gtest_filter=${ARG_FILTER}"
      "--gtest_output=xml:${PROJECT_BINARY_DIR}/test-results/${name}.xml")
    set_tests_properties(${name} PROPERTIES LABELS live TIMEOUT 600)
  endif()
endfunction()
