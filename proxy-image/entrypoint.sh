#!/bin/sh
# Checks the settings, writes what depends on them, and becomes HAProxy.
# "check" as the only word: stops before that, so that a configuration can be tried.
set -eu
here=/opt/hallpass
run=/run/hallpass
lua5.4 "$here/configure.lua" "$run" "$here/pages"
export HALLPASS_ROUTER="$here/router.lua"
if [ "${1-}" = check ]; then exec haproxy -c -f "$run/settings.cfg" -f "$here/haproxy.cfg"; fi
# -W: a master, so that a reload (SIGUSR2) keeps every connection.
exec haproxy -W -db -f "$run/settings.cfg" -f "$here/haproxy.cfg"
