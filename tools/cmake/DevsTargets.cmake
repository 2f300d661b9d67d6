# devs_library(<name> SOURCES ... HEADERS ... [PUBLIC deps...] [PRIVATE deps...])
#
# One layer, or one room of orchestrator/: a static library devs_<name>, its
# alias devs::<name>, its public headers rooted at the source directory (each
# verified to compile alone), and the flags every layer shares.

add_library(devs_build_flags INTERFACE)  # never exported: our flags, not our users'
target_compile_options(devs_build_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Wold-style-cast
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # g++ 12 sees overlaps in "literal" + std::string&& that are not there (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  # Nor are the overruns it sees at -O3 in what those inline.
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>,$<CONFIG:Release>>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>"
  $<$<BOOL:${DEVS_WARNINGS_AS_ERRORS}>:-Werror>)
# -O3 makes the program a fifth larger, which an idle server holds in memory, and no faster.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
target_compile_options(devs_build_flags INTERFACE
  $<$<CONFIG:Release>:-ffunction-sections> $<$<CONFIG:Release>:-fdata-sections>)
target_link_options(devs_build_flags INTERFACE $<$<CONFIG:Release>:-Wl,--gc-sections>)
if(DEVS_SANITIZE)
  # g++ 12 follows values through code the sanitizers have rewritten and sees overruns
  # that are not there; dev and release keep these warnings.
  target_compile_options(devs_build_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds
    -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized>)
  target_compile_options(devs_build_flags INTERFACE
    -fsanitize=${DEVS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # Lines in a report are enough, and test code need not be fast: halves the build.
    -g1 $<IF:$<BOOL:$<TARGET_PROPERTY:DEVS_TEST_PROGRAM>>,-O0,-O1>)
  target_link_options(devs_build_flags INTERFACE -fsanitize=${DEVS_SANITIZE})
endif()

# devs_precompile(<target> [header...]): the standard headers nearly every source
# includes, and those given, parsed once per target.
function(devs_precompile target)
  if(DEVS_PCH)
    target_precompile_headers(${target} PRIVATE <algorithm> <atomic> <chrono> <functional>
      <map> <memory> <optional> <string> <string_view> <thread> <utility> <variant> <vector> ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  endif()
endfunction()

function(devs_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE")
  add_library(devs_${name} STATIC ${arg_SOURCES})
  add_library(devs::${name} ALIAS devs_${name})
  set_target_properties(devs_${name} PROPERTIES
    EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
  target_sources(devs_${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${arg_HEADERS})
  target_compile_features(devs_${name} PUBLIC cxx_std_20)
  target_link_libraries(devs_${name}
    PUBLIC ${arg_PUBLIC}
    PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:devs_build_flags>)
  devs_precompile(devs_${name})
endfunction()
