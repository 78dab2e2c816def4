"""For every test: the project root can be imported, also by the processes that tests start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

settings.register_profile("jurybox", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jurybox")
