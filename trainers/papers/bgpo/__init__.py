"""BGPO: reinforcement learning of masked-diffusion language models in memory that does not grow with the maskings.

Such a model has no log-probability of a response, only a bound estimated with random maskings. A ratio of two of those
needs the graphs of all maskings at once; a lower bound of the ratio's objective is a sum over maskings, and each can be
back-propagated alone: many maskings, and little noise, cost the memory of one.

"Boundary-Guided Policy Optimization for Memory-efficient RL of Diffusion Large Language Models", arXiv 2510.11683.
"""

from .bound import Bound, bgpo_bound, bgpo_clipped_loss, elbo_ratio_objective
from .canvas import Canvas
from .elbo import Elbo, mc_elbo, stratified_mask_counts, stratified_masks
from .trainer import BGPO, BGPOConfig, BGPOTrainer

__all__ = [
    "BGPO",
    "BGPOConfig",
    "BGPOTrainer",
    "Bound",
    "Canvas",
    "Elbo",
    "bgpo_bound",
    "bgpo_clipped_loss",
    "elbo_ratio_objective",
    "mc_elbo",
    "stratified_mask_counts",
    "stratified_masks",
]
