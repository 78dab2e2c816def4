"""`jurybox serve MODULE:REWARD`: a reward as an HTTP service.

    jurybox serve my_rewards:reward --port 8000 --workers 4
    jurybox serve --judge math --gold solution

POST /score takes {"rows": [{"completion": …, "prompt": …, columns …}]} and gives {"verdicts": […]}; POST /get_reward is
OpenRLHF's remote reward, POST /verify NeMo-Gym's; GET /health, GET /metrics (Prometheus). In a training the reward is
`jurybox.rewards.Remote("http://host:8000")`. docs/serve.md has the manual.

Exit status: 0 or 130 when it was stopped, 2 when it could not begin.
"""

from __future__ import annotations

import argparse
import functools
import logging
import os

from ..judges.workers.cores import usable_cores
from ..rewards.service import Limits, serve
from . import selection
from .mistakes import Mistake, in_short


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__
    parser.add_argument("served", metavar="MODULE:REWARD", nargs="?", help="the same as --reward MODULE:REWARD")
    selection.add_arguments(parser, required=False)
    defaults = Limits()
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s, this machine alone")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s; 0 takes a free one")
    parser.add_argument("--workers", metavar="N", type=int, help="processes that judge; default: one a core")
    parser.add_argument(
        "--limit", metavar="SECONDS", type=float, default=defaults.row_s, help="of CPU for a row; default: %(default)g"
    )
    parser.add_argument(
        "--body", metavar="MIB", type=float, default=defaults.body_mib, help="of a request; default: %(default)g"
    )
    parser.add_argument(
        "--token-env", metavar="NAME", help="the environment variable with the bearer token that clients have to send"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    if args.served and (args.reward or args.judge):
        raise Mistake("give one of MODULE:REWARD, --reward and --judge")
    args.reward = args.reward or args.served
    if not (args.reward or args.judge):
        raise Mistake("give the reward: jurybox serve MODULE:REWARD, or --judge NAME with its options")
    token = os.environ.get(args.token_env, "") if args.token_env else ""
    if args.token_env and not token:
        raise Mistake(f"--token-env: the environment variable {args.token_env} is not set")
    chosen = argparse.Namespace(**{name: value for name, value in vars(args).items() if name != "run"})
    try:
        limits = Limits(workers=args.workers or usable_cores(), row_s=args.limit, body_mib=args.body)
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
        serve(
            functools.partial(selection.select, chosen), limits, host=args.host, port=args.port, token=token, ready=told
        )
    except (ValueError, TypeError) as error:
        raise Mistake(in_short(error)) from error
    return 0


def told(address: str) -> None:
    """What stands on the screen once requests can come."""
    print(f"jurybox: {address}", flush=True)
