/* What configure and Makefile.am tell the compiler, for tools that are started without them. */
#define _GNU_SOURCE     1
#define PACKAGE_VERSION "0"
#define SYSCONFDIR      "/etc"
