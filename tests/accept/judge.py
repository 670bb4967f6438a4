#!/usr/bin/python3
"""judge.py FOLDER CASES SCHEMA - from the runs that "make accept" kept, one table: statement, figure, bound, verdict.

A run during which the machine stood still for 0.2 s or more proves nothing when it is wrong: it is
inconclusive. Exit status: 0 if nothing failed.
"""
import json
import pathlib
import re
import sys

import jsonschema

STALL_S = 0.2
TRUTH_RUNS = 66000
PAIRS_RUNS = 225000
ALIVE_RUNS = 1344
STACKS_RUNS = 4000
STATES = ("solitary", "replied", "stream")
EI, AD, APD = "endpoint-independent", "address-dependent", "address-and-port-dependent"
CLASSES = {  # nat, mapping, filtering
    "masq": (True, EI, APD),
    "adf": (True, EI, AD),
    "eif": (True, EI, EI),
    "adm": (True, AD, APD),
    "random": (True, APD, APD),
    "seq": (True, APD, APD),
    "nonat": (False, EI, EI),
    "firewall": (False, EI, APD),
}


class Run:
    def __init__(self, meta, case):
        self.meta = json.loads(meta.read_text())
        try:
            self.report = json.loads(meta.with_suffix(".json").read_text())
        except ValueError:
            self.report = None
        self.name = "%s/%s" % (case["name"], meta.stem)
        self.truth = {"solitary": case["first"], "replied": case["first"], "stream": case["stream"]}
        self.loss = case["loss"]
        self.stalled = self.meta["stall_s"] >= STALL_S

    def timeout(self, state):
        return self.report["udp"]["timeouts"][state]

    def off(self, state):
        """Error over the tolerance: 1 or less is right. None if unknown."""
        t = self.timeout(state)
        if t["value"] is None:
            return None
        return abs(t["value"] - self.truth[state]) / tolerance(self.truth[state])

    def covered(self, state):
        lo, hi = self.timeout(state)["ci95"]
        return lo <= self.truth[state] <= hi

    def width(self, state):
        lo, hi = self.timeout(state)["ci95"]
        return (hi - lo) / tolerance(self.truth[state])


def tolerance(truth):
    return max(truth / 100, 0.25)


def read_cases(path):
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            name, runs, _, first, stream, loss = line.split()[:6]
            yield {"name": name, "runs": int(runs), "first": float(first), "stream": float(stream), "loss": int(loss)}


class Table:
    def __init__(self):
        self.rows = []

    def add(self, statement, figure, bound, verdict):
        self.rows.append((statement, figure, bound, verdict))

    def shares(self, statement, runs, right, planned, wrong_allowed=0):
        """A statement about each run: right(run) is true or false."""
        good = [r for r in runs if r.report is not None and right(r)]
        bad = [r for r in runs if r not in good]
        unclear = [r for r in bad if r.stalled]
        failed = len(bad) - len(unclear) > wrong_allowed
        verdict = "FAIL" if failed else "inconclusive" if unclear or len(runs) < planned else "pass"
        figure = "%d of %d" % (len(good), len(runs))
        if bad:
            figure += " (not: %s)" % ", ".join(r.name for r in bad[:4])
        self.add(statement, figure, "%d of %d" % (planned - wrong_allowed, planned), verdict)

    def most(self, statement, runs, value, bound, unit=""):
        """A statement about the largest of a value; values of None are left out."""
        values = [(value(r), r) for r in runs if r.report is not None and value(r) is not None]
        if not values:
            return self.add(statement, "no run", "%g%s" % (bound, unit), "inconclusive")
        worst, at = max(values, key=lambda v: v[0])
        over = [r for v, r in values if v > bound]
        verdict = "pass" if not over else "inconclusive" if all(r.stalled for r in over) else "FAIL"
        self.add(statement, "%.3g%s (%s)" % (worst, unit, at.name), "%g%s" % (bound, unit), verdict)

    def show(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(4)]
        for row in [("statement", "figure", "bound", "verdict")] + self.rows:
            print(" | ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip())
        verdicts = [row[3] for row in self.rows]
        print("%d pass, %d fail, %d inconclusive" % tuple(map(verdicts.count, ("pass", "FAIL", "inconclusive"))))
        return verdicts.count("FAIL") == 0


def judge_timers(table, case, runs):
    factor = 4 if case["loss"] else 2
    name = case["name"]
    table.shares(
        name + ": all three within 1 % or 0.25 s",
        runs,
        lambda r: all(r.off(s) is not None and r.off(s) <= 1 for s in STATES),
        case["runs"],
    )
    for s in STATES:
        table.most(
            "%s: width of ci95, %s, over 1 %% or 0.25 s" % (name, s),
            runs,
            lambda r, s=s: r.width(s) if r.timeout(s)["value"] is not None else None,
            factor,
        )
    if not case["loss"]:
        bound = 1.1 * case["stream"] + 4
        table.most(name + ": wall time", runs, lambda r: r.meta["wall_s"], bound, " s")
        table.shares(
            name + ": refreshed both ways",
            runs,
            lambda r: all(r.report["udp"]["refresh"][d]["value"] is True for d in ("inbound", "outbound")),
            case["runs"],
        )


def judge_coverage(table, runs):
    seen = [r.covered(s) for r in runs if r.report for s in STATES if r.timeout(s)["value"] is not None]
    if seen:
        share = 100 * sum(seen) / len(seen)
        table.add("ci95 that hold the truth", "%.1f %% of %d" % (share, len(seen)), "90 %", "pass" if share >= 90 else "FAIL")


def true_or_unknown(r, state):
    t = r.timeout(state)
    if t["value"] is None:
        return bool(t.get("why"))
    return r.off(state) <= 1


def judge_class(table, case, runs):
    nat, mapping, filtering = CLASSES[case["name"].split("-")[1]]

    def found(r):
        udp = r.report["udp"]
        return r.report["nat"], udp["mapping"]["class"], udp["filtering"]["class"]

    def wrong(r):
        return any(f not in (t, None, "unknown") for f, t in zip(found(r), (nat, mapping, filtering)))

    table.shares(
        case["name"] + ": right", runs, lambda r: found(r) == (nat, mapping, filtering), case["runs"], 1 if case["loss"] else 0
    )
    table.shares(case["name"] + ": never wrong", runs, lambda r: not wrong(r), case["runs"])
    table.most(case["name"] + ": time", runs, lambda r: r.meta["wall_s"], 1.0, " s")


def judge_coturn(table, case, runs):
    table.shares(
        case["name"] + ": replied right", runs, lambda r: r.off("replied") is not None and r.off("replied") <= 1, case["runs"]
    )
    table.shares(
        case["name"] + ": nothing false", runs, lambda r: all(true_or_unknown(r, s) for s in STATES), case["runs"]
    )


def judge_quota(table, case, runs):
    size = int(case["name"].split("-")[1])

    def named(r):
        quota = r.report["udp"]["quota"]
        return quota["value"] is not None and abs(quota["value"] - size) <= 3

    table.shares(case["name"] + ": named", runs, named, case["runs"])
    table.shares(case["name"] + ": nothing false", runs, lambda r: all(true_or_unknown(r, s) for s in STATES), case["runs"])


def judge_outref(table, case, runs):
    def told(r):
        refresh = r.report["udp"]["refresh"]
        return refresh["outbound"]["value"] is True and refresh["inbound"]["value"] is False

    table.shares(case["name"] + ": outbound only", runs, told, case["runs"])


def judge_silent(table, case, runs):
    table.shares(case["name"] + ": exit 3", runs, lambda r: r.meta["status"] == 3, case["runs"])
    table.most(case["name"] + ": wall time", runs, lambda r: r.meta["wall_s"], 5, " s")


def judge_wide(table, case, runs):
    table.most(case["name"] + ": wall time (an aim)", runs, lambda r: r.meta["wall_s"], 1.05 * case["stream"] + 4, " s")


def judge_narrow(table, case, runs):
    table.most(case["name"] + ": flows held at once", runs, lambda r: r.meta["flows_most"], 32)
    table.shares(case["name"] + ": nothing false", runs, lambda r: all(true_or_unknown(r, s) for s in STATES), case["runs"])


JUDGES = {
    "timers": judge_timers,
    "coturn": judge_coturn,
    "wide": judge_wide,
    "narrow": judge_narrow,
    "outref": judge_outref,
    "quota": judge_quota,
    "silent": judge_silent,
    "class": judge_class,
}


def judge_schema(table, runs, schema):
    validator = jsonschema.validators.validator_for(schema)(schema)
    bad = [r.name for r in runs if r.report is None or not validator.is_valid(r.report)]
    figure = "%d of %d%s" % (len(runs) - len(bad), len(runs), " (not: %s)" % ", ".join(bad[:4]) if bad else "")
    table.add("reports that the schema accepts", figure, "all", "FAIL" if bad else "pass")


def judge_table(table, path, runs_at_least):
    """The rows of a table that judges itself: truth.json, pairs.json, alive.json, stacks.json."""
    truth, name = json.loads(path.read_text()), path.stem
    for s in truth["statements"]:
        table.add(
            name + ": " + s["statement"],
            "%.4g%s" % (s["figure"], " (%s)" % s["where"] if s["where"] else ""),
            "%s %.4g" % ("at most" if s["at_most"] else "at least", s["bound"]),
            "pass" if s["pass"] else "FAIL",
        )
    whole = "pass" if truth["runs"] >= runs_at_least else "inconclusive"
    table.add(name + ": runs", "%d" % truth["runs"], "%d" % runs_at_least, whole)
    minutes = truth["cpu_s"] / 120
    table.add(name + ": on two processors", "%.1f min" % minutes, "30 min", "pass" if minutes <= 30 else "FAIL")


def judge_truth(table, path):
    judge_table(table, path, TRUTH_RUNS)


def judge_pairs(table, path):
    judge_table(table, path, PAIRS_RUNS)


def judge_alive(table, path):
    judge_table(table, path, ALIVE_RUNS)
    days = json.loads(path.read_text())["days"]
    table.add("alive: days of each run", "%d" % days, "365", "pass" if days >= 365 else "inconclusive")


def judge_stacks(table, path):
    judge_table(table, path, STACKS_RUNS)


def judge_mutants(table, path):
    results = [line for line in path.read_text().splitlines() if line.startswith(("ok", "not ok"))]
    missed = [line.split()[-1] for line in results if line.startswith("not")]
    figure = "%d of %d%s" % (len(results) - len(missed), len(results), " (not: %s)" % ", ".join(missed) if missed else "")
    table.add("mutants of the NAT's model that a test catches", figure, "all", "pass" if results and not missed else "FAIL")


def judge_kernel(table, path):
    """Of random scripts a few may differ: which of an endpoint's ports the kernel finds first is its own affair."""
    text = path.read_text()
    results = re.findall(r"^(ok|not ok) \d+ - model and kernel: (.*)$", text, re.M)
    packets = sum(map(int, re.findall(r"^# (\d+) packets", text, re.M)))
    for kind, at_random, share in (("scripts", False, 1.0), ("random scripts", True, 0.995)):
        some = [r for r in results if bool(re.search(r"/\d+\.nat", r[1])) == at_random]
        wrong = [name.split("/")[-1] for verdict, name in some if verdict == "not ok"]
        right = [name for verdict, name in some if verdict == "ok" and "# skip" not in name]
        figure = "%d of %d%s" % (len(right), len(some), " (not: %s)" % ", ".join(wrong[:4]) if wrong else "")
        verdict = "FAIL" if len(wrong) > (1 - share) * len(some) else "pass" if len(right) + len(wrong) else "inconclusive"
        table.add("%s that model and kernel play alike" % kind, figure, "%g %%" % (100 * share), verdict)
    table.add("packets that were compared", "%d" % packets, "50000", "pass" if packets >= 50000 else "inconclusive")
    ends = [float(ms) for ms in re.findall(r"^# to within ([0-9.]+) ms", text, re.M)]
    if ends:
        table.add("timers of both end together, to within", "%.1f ms" % max(ends), "10 ms", "pass" if max(ends) <= 10 else "FAIL")


def judge_rows(table, path):
    """Rows as tests/peers print them. The last line is one, or the program came to no end."""
    lines = path.read_text().splitlines() or [""]
    for line in lines:
        if line.startswith("{"):
            row = json.loads(line)
            verdict = {True: "pass", False: "FAIL", None: "inconclusive"}[row["pass"]]
            table.add(row["statement"], row["figure"], row["bound"], verdict)
    if not lines[-1].startswith("{"):
        table.add(path.stem, lines[-1], "comes to an end", "FAIL")


def main(folder, cases, schema):
    table, every, timed = Table(), [], []
    for case in read_cases(cases):
        kept = folder / case["name"]
        if not kept.is_dir():
            continue
        runs = [Run(meta, case) for meta in sorted(kept.glob("*.meta"))]
        kind = case["name"].split("-")[0]
        JUDGES[kind](table, case, runs)
        every += runs
        timed += runs if kind == "timers" else []
    judge_coverage(table, timed)
    judge_schema(table, every, json.loads(schema.read_text()))
    for judge, name in (
        (judge_truth, "truth.json"),
        (judge_pairs, "pairs.json"),
        (judge_alive, "alive.json"),
        (judge_stacks, "stacks.json"),
        (judge_mutants, "mutants.log"),
        (judge_kernel, "kernel.log"),
    ):
        if (folder / name).exists():
            judge(table, folder / name)
    for log in [*sorted(folder.glob("natsim-*.log")), *folder.glob("race.log"), *folder.glob("scale.log"), *folder.glob("keeps.log"), *folder.glob("opens.log"), *folder.glob("thirty.log"), *sorted(folder.glob("hops-*.log"))]:
        judge_rows(table, log)
    suites = folder / "suites.txt"
    if suites.exists():
        for line in suites.read_text().splitlines():
            if " passed, " in line and not line[0].isdigit():
                name, counts = line.split(None, 1)
                table.add("suite " + name, counts, "0 failed", "pass" if ", 0 failed" in counts else "FAIL")
    return table.show()


if __name__ == "__main__":
    sys.exit(0 if main(*map(pathlib.Path, sys.argv[1:])) else 1)
