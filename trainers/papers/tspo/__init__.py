"""TSPO: a small agent chooses the frames that a frozen video model reads; arXiv 2508.04369.

`agent.py` scores frames, `selection.py` draws them, `loss.py` compares the draws of a group, `rewards.py` says what
they earn, `needle.py` makes videos with a clip to be found, `trainer.py` trains, `features.py` are CLIP's.
"""

from .agent import TemporalAgent, position_encoding, similarity, window_mask
from .features import ClipFeatures
from .loss import plackett_luce, tspo_advantages, tspo_loss
from .needle import Haystack, needle_in_haystack
from .rewards import accuracy, general, needle, temporal
from .selection import gumbel_noise, gumbel_topk, inference_select, tau_schedule
from .trainer import TSPOConfig, TSPOTrainer, Video

__all__ = [
    "ClipFeatures",
    "Haystack",
    "TSPOConfig",
    "TSPOTrainer",
    "TemporalAgent",
    "Video",
    "accuracy",
    "general",
    "gumbel_noise",
    "gumbel_topk",
    "inference_select",
    "needle",
    "needle_in_haystack",
    "plackett_luce",
    "position_encoding",
    "similarity",
    "tau_schedule",
    "temporal",
    "tspo_advantages",
    "tspo_loss",
    "window_mask",
]
