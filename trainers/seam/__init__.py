"""The one place that knows TRL's private side: an objective plugs in here, and TRL does the rest."""

from ._version import OVERRIDE, UntestedTRLError, is_tested, require_tested_trl

require_tested_trl()

from ._micro_batches import Average  # noqa: E402
from .batch import Batch  # noqa: E402
from .chain import Chain  # noqa: E402
from .config import ObjectiveConfig  # noqa: E402
from .contract import ContractError, check_contract  # noqa: E402
from .demonstrations import Demonstrations, SupervisedObjective  # noqa: E402
from .objective import Objective  # noqa: E402
from .pairs import Pairs, PreferenceObjective  # noqa: E402
from .policy import Policy, Segment  # noqa: E402
from .preference import PreferenceTrainer  # noqa: E402
from .reward_state_callback import RewardStateCallback  # noqa: E402
from .rollout import Rollout  # noqa: E402
from .supervised import SupervisedTrainer  # noqa: E402
from .trainer import ObjectiveTrainer  # noqa: E402

if not is_tested():
    check_contract()

__all__ = [
    "OVERRIDE",
    "Average",
    "Batch",
    "Chain",
    "ContractError",
    "Demonstrations",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveTrainer",
    "Pairs",
    "Policy",
    "PreferenceObjective",
    "PreferenceTrainer",
    "RewardStateCallback",
    "Rollout",
    "Segment",
    "SupervisedObjective",
    "SupervisedTrainer",
    "UntestedTRLError",
    "check_contract",
]
