# Run at every build: writes OUTPUT, a source file that names the git revision of SOURCE, when it has changed. Without git,
# or where SOURCE is no checkout of its own, the revision is "unknown"; TWINLOG_REVISION in the environment is used as it is.
set(revision "$ENV{TWINLOG_REVISION}")
if(NOT revision)
  set(revision "unknown")
  execute_process(COMMAND git -C "${SOURCE}" rev-parse --show-toplevel OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed AND top STREQUAL "${SOURCE}")
    execute_process(COMMAND git -C "${SOURCE}" describe --always --dirty --abbrev=12 --exclude=* OUTPUT_VARIABLE described
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
      set(revision "${described}")
    endif()
  endif()
endif()
string(REGEX REPLACE "[^A-Za-z0-9._/+-]" "?" revision "${revision}")
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#include \"agent/main/build_facts.h\"

namespace twinlog {

std::string_view build_revision() {
  return \"${revision}\";
}

}  // namespace twinlog
")
