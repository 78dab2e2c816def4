"""`python -m tests.golden FILE…`: a line per case that fails, then `N passed, M failed, K unmapped`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .runner import Outcome, run_file


def main(argv: list[str] | None = None) -> int:
    """Run the files; 0 only when every case has a function and passes."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
    total = Outcome()
    for path in parser.parse_args(argv).files:
        try:
            outcome = run_file(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"{path} holds no golden cases: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
        for line in outcome.lines(path.name):
            print(line)
        total += outcome
    print(f"{total.passed} passed, {len(total.failed)} failed, {sum(total.unmapped.values())} unmapped")
    return 1 if total.failed or total.unmapped else 0


if __name__ == "__main__":
    sys.exit(main())
