"""A load of many clients on real edges, agents, Portkey and ledger: whether budgets hold, and what they cost.

`python -m tools.bench` looks for overrun budgets and false refusals, `python -m tools.bench.throughput` measures time
and CPU. Both start the parts with what the tests start them with, so tests/ has to be found.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if (tests := str(ROOT / "tests")) not in sys.path:
    sys.path.append(tests)
