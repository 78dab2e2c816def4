"""A reward as an HTTP service: `jurybox serve` is the command, docs/serve.md the manual. Needs `jurybox[serve]`."""

from .app import create_app
from .bench import Bench
from .limits import Limits
from .running import serve

__all__ = ["Bench", "Limits", "create_app", "serve"]
