#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh NAME [SECONDS]: lets the fuzz target NAME of the fuzz preset run, from its seed corpus. New inputs are
# kept in build/fuzz/corpus/NAME, a crash in build/fuzz/crash-*.
set -euo pipefail
[ $# -ge 1 ] && [ "$1" != --help ] || { sed -n '3,4s/^# //p' "$0"; exit 2; }
name=$1 seconds=${2:-10}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
target=$top/build/fuzz/tests/fuzz/fuzz_$name
if [ ! -x "$target" ]; then
	echo "$target is not there"
	echo "hint: tests/builds/build.sh fuzz fuzzers"
	[ "${CI:-}" = true ] && exit 1 || exit 77
fi
found=$top/build/fuzz/corpus/$name
mkdir -p "$found"
cd "$top/build/fuzz"
# leaks: the process is not dumpable, so LeakSanitizer may be unable to look; libFuzzer's own check tells them
exec "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
	-artifact_prefix="$top/build/fuzz/" "$found" "$here/corpus/$name"
