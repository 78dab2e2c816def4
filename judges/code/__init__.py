"""The code-execution judge: a completion's Python against tests, in a box it cannot leave or look out of.

Read in this order: `judge.py` (what is asked), `extraction.py`, `layouts.py` and `suite.py` (a program and its
tests), `plan.py` (who runs what), `stdio.py`, `calls.py` and `asserts.py` (the three kinds of tests), `checking.py`
and `comparison.py` (when an answer is right), `pool.py`, `server.py` and `child.py` (the processes, from this side of
the wall), and `box/` (the other side). Programs that are no Python: `languages/` and `box/foreign/`; programs that
another machine runs: `remote/`.
"""

from .comparison import Compare
from .judge import CodeJudge
from .languages.toolchains import Toolchain, ToolchainMissing
from .outside.isolation import LAYERS, IsolationReport, IsolationUnavailable
from .outside.limits import Limits
from .outside.server import ServerLost
from .remote import Remote, RemoteRun, RemoteUnavailable, SandboxFusion
from .results import CodeVerdict, TestResult, Usage
from .suite import AssertTest, CallTest, SourceTest, SqlTest, StdioTest, Suite

__all__ = [
    "LAYERS",
    "AssertTest",
    "CallTest",
    "CodeJudge",
    "CodeVerdict",
    "Compare",
    "IsolationReport",
    "IsolationUnavailable",
    "Limits",
    "Remote",
    "RemoteRun",
    "RemoteUnavailable",
    "SandboxFusion",
    "ServerLost",
    "SourceTest",
    "SqlTest",
    "StdioTest",
    "Suite",
    "TestResult",
    "Toolchain",
    "ToolchainMissing",
    "Usage",
]
