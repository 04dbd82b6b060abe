#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install-packages.sh LIST...: sees to it that the Debian packages named in the lists (one a line, # begins a
# comment) are there. Needs root only when one is missing. Prints one line when it has something to do.
set -euo pipefail

[ $# -gt 0 ] && [ "$1" != --help ] || { echo "usage: $0 LIST..."; exit 2; }

mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$@" | sort -u)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	cat >&2 <<-END
	this is not a Debian: nothing was installed.
	hint: have what these Debian packages hold, under the names your system gives them: ${wanted[*]}
	END
	exit 0 # what is missing will be named by the build
fi

mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}") \
	<(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
		awk '$2 == "installed" { print $1 }' | sort -u))
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "missing packages: ${missing[*]}" >&2
	echo "hint: as root: apt-get install ${missing[*]}" >&2
	exit 1
fi

echo "installing ${#missing[@]} packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -q update && apt-get -q install -y --no-install-recommends "${missing[@]}"; } </dev/null >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "apt-get could not install: ${missing[*]}" >&2
	exit 1
fi
