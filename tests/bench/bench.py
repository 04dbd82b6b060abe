# SPDX-License-Identifier: Apache-2.0
"""The benchmark: see README.md beside this file. Started by run.sh."""
import argparse
import pathlib
import shutil
import sys
import tempfile

import measure
import phase
import report
import scale as large
import subjects
from world import World

SIZES = {"normal": [1, 100, 1000], "quick": [1, 100], "smoke": [1, 3]}
IDLE = {"normal": [100, 1000, 10000], "quick": [100, 1000], "smoke": [3]}
CALLS = {"normal": (4, 100), "quick": (4, 20), "smoke": (4, 24)}
SIGNED = {"normal": 1000, "quick": 200, "smoke": 32}
DELAYS = {"normal": [5, 20], "quick": [5, 20], "smoke": [5]}


def turns(n, scale):
    """More of what is short."""
    if scale == "smoke":
        return 1
    return 11 if n < 10 else 7 if n < 1000 else 3


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description=(
        "What mica costs, beside what other tools cost for the same certificates, measured in turns in one run on a "
        "private SoftHSM2 token. A few minutes; builds the preset release first (MICA_BUILD=DIR: measures that build)."))
    parser.add_argument("--quick", action="store_true", help="N = 1 and 100, nothing due for 100 and 1000 entries, 200 signatures, a ledger of 100,000 records")
    parser.add_argument("--smoke", action="store_true", help="tiny N, one turn: shows that all of it works, not how fast")
    parser.add_argument("--ca", choices=["ec-p256", "rsa-2048"], action="append", help="this CA key only")
    parser.add_argument("--only", choices=["times", "calls", "idle", "far", "tokens", "scale"], action="append", help="this part only")
    parser.add_argument("-n", type=int, action="append", metavar="N", help="this number of certificates or entries only")
    parser.add_argument("--json", action="store_true", help="one JSON document with every run instead of tables")
    parser.add_argument("--dir", type=pathlib.Path, help="where the scratch directory is made: on a disk, not in memory")
    parser.add_argument("--keep", action="store_true", help="keep the scratch directory, and say where it is")
    return parser.parse_args()


def say(what):
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


def times(world, scale, sizes):
    ret = []
    for n in sizes or SIZES[scale]:
        results = measure.in_turns([subjects.Mica(world), *subjects.peers(world), *subjects.token(world)], n,
                                   turns(n, scale), say)
        ret.append({"n": n, "rows": [report.row(r, results[0]) for r in results]})
    return ret


def calls(world, scale):
    ret = []
    for subject in [subjects.Mica(world), *subjects.peers(world)]:
        say(f"counting calls: {subject.name}")
        runs = [{"made": subject.made(n), "counts": subject.counted(n)} for n in CALLS[scale]]
        ret.append(report.calls(subject.name, *runs))
    return ret


def idle(world, scale, sizes):
    ret = []
    for n in sizes or IDLE[scale]:
        say(f"issuing {n} certificates for the runs with nothing due")
        world.renew()
        subjects.Mica(world).run(n)
        results = measure.in_turns([subjects.Idle(world, "plan"), subjects.Idle(world, "apply")], n, turns(n, scale), say)
        ret += [report.row(r, None) for r in results]
    return ret


def signing(scale, wanted, scratch, sizes):
    """The signing phase alone, on tokens far and near."""
    most, turns_each = (sizes or [SIGNED[scale]])[0], 1 if scale == "smoke" else 5
    found = []
    if "far" in wanted:
        found += phase.far(scratch, DELAYS[scale], most, turns_each, say)
    if "tokens" in wanted:
        found += phase.tokens(scratch, most, turns_each, say)
    return [report.phase(one) for one in found]


def main():
    args = arguments()
    scale = "smoke" if args.smoke else "quick" if args.quick else "normal"
    wanted = args.only or ["times", "calls", "idle", "far", *([] if args.smoke else ["tokens", "scale"])]
    document = {"machine": report.machine(), "loop": subjects.LOOP, "cas": []}
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="mica-bench-", dir=args.dir))
    try:
        for algorithm in args.ca or ["ec-p256", "rsa-2048"]:
            if not {"times", "calls", "idle", "scale"} & set(wanted):
                break
            world = World(scratch, algorithm)
            found = {"algorithm": algorithm}
            if "times" in wanted:
                found["times"] = times(world, scale, args.n)
            if "calls" in wanted:
                found["calls"] = calls(world, scale)
            if "idle" in wanted and not document["cas"]:
                document["idle"] = idle(world, scale, args.n)
            if "scale" in wanted and "scale" not in document:
                document["scale"] = large.scale(world, scale, say)
            document["cas"].append(found)
        document["signing"] = signing(scale, wanted, scratch, args.n)
    finally:
        say("")
        if args.keep:
            print(f"kept: {scratch}", file=sys.stderr)
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    if args.json:
        report.dump(document)
    else:
        show(document)


def show(document):
    machine = document["machine"]
    print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, OpenSSL {machine['openssl']}\n")
    for ca in document["cas"]:
        for size in ca.get("times", []):
            report.times(ca["algorithm"], size["n"], size["rows"])
        if "calls" in ca:
            report.counted(ca["algorithm"], ca["calls"])
    if "idle" in document:
        report.idle(document["idle"])
    if "scale" in document:
        report.scale(document["scale"])
    for one in document["signing"]:
        report.signing(one)
    print(report.NOTE.format(loop=document["loop"]))


if __name__ == "__main__":
    main()
