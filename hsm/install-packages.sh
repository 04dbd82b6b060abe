#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install-packages.sh LIST...: sees to it that the Debian packages named in the lists (one a line, # begins a
# comment; a|b is whichever of the two this Debian has) are there. Needs root only when one is missing. Prints one line
# when it has something to do.
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

# dpkg-query fails for what it has never heard of, and still tells of the others
there=$( (dpkg-query -W -f='${Package} ${db:Status-Status}\n' ${wanted[@]//|/ } 2>/dev/null || true) |
	awk '$2 == "installed" { print $1 }' | sort -u)
missing=()
for one in "${wanted[@]}"; do
	grep -Eqx "$(sed 's/[.+]/\\&/g' <<<"$one")" <<<"$there" || missing+=("$one")
done
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

# of a|b the first that this Debian has
choose() {
	local one each
	chosen=()
	for one in "${missing[@]}"; do
		for each in ${one//|/ }; do
			! apt-cache show "$each" >/dev/null 2>&1 || break
		done
		chosen+=("$each")
	done
}

if ! { apt-get -q update && choose && apt-get -q install -y --no-install-recommends "${chosen[@]}"; } </dev/null >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "apt-get could not install: ${missing[*]}" >&2
	exit 1
fi
