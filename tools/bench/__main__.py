"""Many clients against several edges and agents on one ledger: budgets may not be overrun, nor refuse without need.

`make hammer`, or `python -m tools.bench [--pairs N] [--clients N] [--requests N] [--wait S] [--lane LANE]`. It
ends with 1 if a limit was overrun or a request refused falsely. The last line is JSON.
"""

import argparse
import json
import sys

from tools.bench.judge import Report
from tools.bench.runs import Size, cold, fleet, mixed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=Size.pairs, help="edges with an agent each")
    parser.add_argument("--clients", type=int, default=Size.clients, help="clients at once")
    parser.add_argument("--requests", type=int, default=Size.requests, help="requests of each client")
    parser.add_argument("--wait", type=float, default=Size.wait, help="seconds that a request may wait for its quota")
    parser.add_argument("--lane", choices=("express", "portkey"), default=Size.lane, help="what requests go by")
    size = Size(**vars(parser.parse_args()))
    reports: list[Report] = []
    for name, run in (("cold start", cold), ("mixed load", mixed)):
        with fleet(size) as running:
            report = run(running, size)
        print(f"{name}: {size.pairs} edges with an agent each", *report.lines(), sep="\n", flush=True)
        for each in [*report.failed, *report.false_refusals][:5]:
            print("  !", each.status, each.bounds, each.message, flush=True)
        reports.append(report)
    total: dict[str, int] = {}
    for report in reports:
        for key, value in json.loads(report.json()).items():
            total[key] = total.get(key, 0) + value
    print(json.dumps(total))
    return int(any(total[key] for key in total if key.startswith("overshoot") or key in ("false_refusals", "failed")))


if __name__ == "__main__":
    sys.exit(main())
