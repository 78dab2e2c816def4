"""GRPO-Guard against Flow-GRPO: where the clip stops a step, and what is left of a gold reward."""

from __future__ import annotations

from .images import EXPERIMENT as IMAGES
from .toy import EXPERIMENT as TOY

EXPERIMENTS = (IMAGES, TOY)
