"""`python -m tests.bench [NAME…] [--json FILE]`: measure, compare with the limits, exit with 1 where one is over."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench.compatibility import measure_probe
from tests.bench.cycle import measure_cycle
from tests.bench.forecast import measure_forecast, measure_forecast_flat, measure_forecast_memory
from tests.bench.measure import Measure
from tests.bench.memory import measure_memory
from tests.bench.onboard import measure_empty, measure_onboard
from tests.bench.startup import measure_help, measure_import
from tests.bench.stream import measure_flat, measure_stream

MEASURES: dict[str, Callable[[], Measure]] = {
    "import": measure_import,
    "help": measure_help,
    "stream": measure_stream,
    "flat": measure_flat,
    "forecast": measure_forecast,
    "forecast-flat": measure_forecast_flat,
    "forecast-memory": measure_forecast_memory,
    "cycle": measure_cycle,
    "memory": measure_memory,
    "onboard": measure_onboard,
    "probe": measure_probe,
}
ON_DEMAND: dict[str, Callable[[], Measure]] = {"empty": measure_empty}


def main() -> int:
    known = MEASURES | ON_DEMAND
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Ratios of wall-clock times, and memory, against their limits."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(known)}; none: {', '.join(MEASURES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures for a program to read")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"there is no measure {', '.join(unknown)}; known: {', '.join(known)}")
    found = []
    for name in options.names or MEASURES:
        found.append(known[name]())
        print(found[-1], flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps([measure.plain() for measure in found], indent=2) + "\n", encoding="utf-8")
    if any(measure.over for measure in found):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
