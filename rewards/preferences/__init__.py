"""From verdicts to preference data: sample, judge, pair; and RSO's statistical rejection sampling in between.

`making` is the whole way; the parts are `candidates` (where completions come from), `rating` (by a reward or by
comparing two), `selection` with `rejection` and `pairing` (which of them become pairs), `shards` and `table` (on disk).
"""

from .making import preferences
from .model_generator import ModelGenerator
from .pairing import first_round_pairs, tournament_pairs
from .rating import pointwise_reward_from_pairwise
from .rejection import Accepted, acceptance_probabilities, rejection_sample

__all__ = [
    "Accepted",
    "ModelGenerator",
    "acceptance_probabilities",
    "first_round_pairs",
    "pointwise_reward_from_pairwise",
    "preferences",
    "rejection_sample",
    "tournament_pairs",
]
