# What makes a mistake with memory end the process instead of running somebody else's code. The daemon parses hostile bytes.
# tests/e2e/hardening_test.py reads the shipped binary.

include(CheckPIESupported)
check_pie_supported()

# twinlog_harden(TARGET): for whatever links to TARGET, in every build that is optimised and has no sanitizer (a Debug build
# is for people at work; sanitizers check more, and _FORTIFY_SOURCE hides calls from them).
function(twinlog_harden target)
  if(TWINLOG_SANITIZE)
    return()
  endif()
  set(compile -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i.86)$")
    list(APPEND compile -fcf-protection=full)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    list(APPEND compile -mbranch-protection=standard)
  endif()
  target_compile_options(${target} INTERFACE "$<$<NOT:$<CONFIG:Debug>>:${compile}>")
  target_link_options(${target} INTERFACE "$<$<NOT:$<CONFIG:Debug>>:-Wl,-z,relro,-z,now,-z,noexecstack>")
endfunction()
