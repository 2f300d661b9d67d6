# cpp-httplib as the distribution packages it.  Its ABI depends on the flags of
# its pkg-config file, so the size of Request is asked for with exactly those
# flags here and asserted in net/http_front.cpp (docs: http front, ABI).
include(CheckTypeSize)
find_package(PkgConfig REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
set(CMAKE_EXTRA_INCLUDE_FILES httplib.h)
set(CMAKE_REQUIRED_FLAGS "-std=c++20 ${httplib_CFLAGS_OTHER}")
string(REPLACE ";" " " CMAKE_REQUIRED_FLAGS "${CMAKE_REQUIRED_FLAGS}")
check_type_size("httplib::Request" DEVS_HTTPLIB_REQUEST_SIZE LANGUAGE CXX)
unset(CMAKE_EXTRA_INCLUDE_FILES)
unset(CMAKE_REQUIRED_FLAGS)
