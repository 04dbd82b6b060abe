#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs every test. --help tells more.
set -euo pipefail

usage() {
	cat <<-'END'
	usage: tests/run.sh [--all] [CTEST-OPTION...]

	Installs missing Debian packages (as root; hsm/packages.txt, tests/packages.txt
	and tests/token/packages.txt),
	builds the presets dev and release, and runs every test; the builds walls, clang and
	fuzz are tests themselves. Everything lies in build/. The last lines are ctest's summary.

	  --all     the full matrices and long runs as well
	  --help    this text

	Other options go to ctest: tests/run.sh -L unit, tests/run.sh -R cli.bad

	A component that is missing (Go, the real Milvus, strace, ...) fails the tests that need
	it when CI=true, and skips them elsewhere.
	END
}

cd "$(dirname "$0")/.."
top=$PWD
export MICA_TEST_ALL=${MICA_TEST_ALL:-}
options=()
while [ $# -gt 0 ]; do
	case $1 in
	--help | -h) usage; exit 0 ;;
	--all) MICA_TEST_ALL=1 ;;
	*) options+=("$1") ;;
	esac
	shift
done

cores=$(nproc)
export CTEST_OUTPUT_ON_FAILURE=1

step() {
	local name=$1 log=$top/build/$1.log begun=$SECONDS
	shift
	mkdir -p build
	if ! "$@" </dev/null >"$log" 2>&1; then
		grep -E 'error|Error|FAILED|warning: unused' -A 3 "$log" | head -n 60 || true
		tail -n 20 "$log"
		echo "$name failed; all of it: $log" >&2
		exit 1
	fi
	echo "$name: $((SECONDS - begun)) s"
}

build() { cmake --preset "$1" && cmake --build --preset "$1" --parallel "$cores"; }

hsm/install-packages.sh hsm/packages.txt tests/packages.txt tests/token/packages.txt || [ "${CI:-}" != true ]
step build-dev build dev
step build-release tests/builds/build.sh release
exec ctest --test-dir build/dev --parallel "$cores" --no-tests=error "${options[@]}" </dev/null
