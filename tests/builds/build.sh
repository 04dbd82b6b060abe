#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# build.sh PRESET [TARGET]: configures and builds one preset of CMakePresets.json beside the others.
# Exits 77 when its compiler is not there, 1 when CI=true.
set -euo pipefail
preset=$1 target=${2:-all}
cd "$(dirname "$0")/../.."
case $preset in
clang | fuzz)
	if ! command -v clang >/dev/null; then
		echo "clang is not there"
		[ "${CI:-}" = true ] && exit 1 || exit 77
	fi ;;
esac
# Unit tests belong to the dev build; with --all they are compiled by clang too.
tests=OFF years=OFF
[ "$preset" != release ] || years=ON
[ "$preset" != fuzz ] || tests=ON
[ "$preset" != clang ] || [ -z "${MICA_TEST_ALL:-}" ] || tests=ON
cmake --preset "$preset" -DMICA_TESTS=$tests -DMICA_YEARS=$years
cmake --build --preset "$preset" --parallel "$(nproc)" --target "$target"
