"""Programs that another machine runs: a protocol, an adapter for one public sandbox server, and their judging.

Only what a program prints is asked for, and it is compared here. The isolation is the server's business, and says so
in every verdict: level "remote".
"""

from .protocol import Remote, RemoteRun, RemoteUnavailable
from .sandbox_fusion import SandboxFusion

__all__ = ["Remote", "RemoteRun", "RemoteUnavailable", "SandboxFusion"]
