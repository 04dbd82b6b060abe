#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What mica costs, beside what other tools cost for the same. --help tells more.
set -euo pipefail

cd "$(dirname "$0")/../.."
case " $* " in
*" --help "* | *" -h "*) ;;
*)
	# MICA_BUILD names a build that is there already; else the release preset is built
	if [ -z "${MICA_BUILD:-}" ]; then
		export MICA_BUILD=$PWD/build/release
		mkdir -p build
		if ! { cmake --preset release -DMICA_TESTS=ON && cmake --build --preset release --parallel "$(nproc)" \
			--target mica mica-token bench_run bench_token bench_ledger bench_audit mica_fault_proxy; } </dev/null >build/bench.log 2>&1; then
			tail -n 20 build/bench.log >&2
			exit 1
		fi
	fi
	;;
esac
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests exec /usr/bin/python3 tests/bench/bench.py "$@"
