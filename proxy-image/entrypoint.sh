#!/bin/sh
# Checks the settings, writes what depends on them, and becomes HAProxy.
# "check" as the only word: HAProxy only checks its configuration, and ends.
set -eu
here=/opt/hallpass
run=/run/hallpass
lua5.4 "$here/configure.lua" "$run" "$here/pages"
export HALLPASS_ROUTER="$here/router.lua"
# -W: a master, so that a reload (SIGUSR2) keeps every connection.
mode="-W -db"
if [ "${1-}" = check ]; then mode="-c -V"; fi
# shellcheck disable=SC2086  # two words
exec haproxy $mode -f "$run/environment.cfg" -f "$here/haproxy.cfg" -f "$run/backends.cfg"
