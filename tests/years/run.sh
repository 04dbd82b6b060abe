#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Simulated years: README.md beside this file. Options are those of the program; --help tells them.
set -euo pipefail

cd "$(dirname "$0")/../.."
# MICA_BUILD names a build that is there already; else one is made
if [ -z "${MICA_BUILD:-}" ]; then
	export MICA_BUILD=$PWD/build/years
	mkdir -p build
	if ! { cmake -S . -B "$MICA_BUILD" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
		cmake --build "$MICA_BUILD" --parallel "$(nproc)" --target years; } </dev/null >build/years.log 2>&1; then
		tail -n 20 build/years.log >&2
		exit 1
	fi
fi
exec "$MICA_BUILD/tests/years/years" --jobs "$(nproc)" "$@"
