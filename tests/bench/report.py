# SPDX-License-Identifier: Apache-2.0
"""Tables for people, one JSON document for programs."""
import json
import platform
import subprocess

NOTE = """\
ms: wall time from exec to exit, the median over the turns. mica / it: mica's time for a certificate over this one's.
memory: the largest process. A loop of processes is run for at most {loop} certificates of N: it is linear in them.
mica makes the key, the request, the lint twin, the ledger's records and the delivered files, and all is on disk
(fsync) when it ends. The scripts make key, request and certificate; certtool makes no request; `openssl ca` finds the
requests ready and makes no key; none of them syncs, checks or records. The floor is a P-256 key pair and one C_Sign."""


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    openssl = subprocess.run(["openssl", "version"], stdout=subprocess.PIPE, text=True).stdout.split()[1]
    return {"cpu": cpu, "cores": len(__import__("os").sched_getaffinity(0)), "kernel": platform.release(),
            "openssl": openssl}


def row(result, mica):
    ret = {"subject": result.name, "n": result.n, "made": result.made, "ms": result.median("wall"),
           "ms-each": result.each, "wall-ms": [s.wall for s in result.samples]}
    if result.median("memory"):
        ret.update({"cpu-ms": result.median("cpu"), "memory-mib": result.median("memory")})
    if mica is not None and result is not mica:
        ret["mica-to-it"] = mica.each / result.each
    return ret


def phase(one):
    """reaches: mica's signatures a second over the row's."""
    if "absent" in one:
        return one
    mica = one["results"][0]
    rows = [{"subject": r.name, "ms": r.median("wall"), "a-second": 1000 / r.each, "wall-ms": [s.wall for s in r.samples],
             **({"reaches": r.each / mica.each} if r is not mica else {})} for r in one["results"]]
    return {"token": one["token"], "n": one["n"], "rows": rows}


def calls(subject, first, second):
    """Two runs of one subject, counted: {n, counts}. What one more certificate costs is their difference."""
    more = second["made"] - first["made"]
    total = {k: sum(x["counts"].values()) for k, x in (("first", first), ("second", second))}
    each = {f: (second["counts"].get(f, 0) - first["counts"].get(f, 0)) / more
            for f in sorted(set(first["counts"]) | set(second["counts"]))}
    return {"subject": subject, "runs": [first, second], "calls-each": (total["second"] - total["first"]) / more,
            "each": {f: n for f, n in each.items() if n}}


def number(value, digits=2):
    if value is None:
        return ""
    return f"{value:.{digits}f}" if value < 100 else f"{value:.0f}"


def table(head, rows):
    widths = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    for r in [head, *rows]:
        print("  " + "  ".join(str(c).ljust(w) if i == 0 else str(c).rjust(w)
                               for i, (c, w) in enumerate(zip(r, widths))).rstrip())
    print()


def times(algorithm, n, rows):
    print(f"CA {algorithm}, leaf ec-p256, N = {n}")
    table(("", "made", "ms", "ms each", "mica / it", "cpu ms", "MiB"),
          [(r["subject"], r["made"], number(r["ms"]), number(r["ms-each"], 3), number(r.get("mica-to-it"), 3),
            number(r.get("cpu-ms")), number(r.get("memory-mib"), 1)) for r in rows])


def counted(algorithm, found):
    print(f"CA {algorithm}: calls of the module, by pkcs11-spy")
    table(("", "N", "C_Login", "C_SignInit", "C_Sign", "all", "one more certificate"),
          [(c["subject"], run["made"], *(run["counts"].get(f, 0) for f in ("C_Login", "C_SignInit", "C_Sign")),
            sum(run["counts"].values()), number(c["calls-each"]) if i else "")
           for c in found for i, run in enumerate(c["runs"])])


def idle(rows):
    print("Nothing due")
    table(("", "entries", "ms", "ms for 100", "MiB"),
          [(r["subject"], r["n"], number(r["ms"]), number(r["ms"] / r["n"] * 100), number(r["memory-mib"], 1))
           for r in rows])


def scale(one):
    print(f"Scale: an inventory of {one['entries']} entries, whose own records alone are the small ledger; the large one "
          f"has {one['records']}")
    table(("", "ms", "cpu ms", "MiB"),
          [(r["subject"], number(r["ms"]), number(r["cpu-ms"]), number(r["memory-mib"], 1)) for r in one["rows"]])
    table(("large over small", "wall", "cpu"), [(r["what"], number(r["wall"]), number(r["cpu"])) for r in one["ratios"]])
    table(("the ledger's own walk", "records a second"),
          [(v["ledger"], number(v["records-a-second"])) for v in one["verify"]])
    table(("audit", "records", "records a second", "cpu us each"),
          [(a["what"], a["records"], number(a["records-a-second"]), number(a["cpu-us"], 1)) for a in one["audit"]])


def signing(one):
    if "absent" in one:
        print(f"{one['token']}: {one['absent']}\n")
        return
    print(f"Signing only: {one['token']}, CA ec-p256, {one['n']} signatures")
    table(("", "ms", "signatures/s", "mica reaches"),
          [(r["subject"], number(r["ms"]), number(r["a-second"], 1), number(r.get("reaches"), 3)) for r in one["rows"]])


def dump(document):
    print(json.dumps(document, indent=1))
