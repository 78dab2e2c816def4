"""POAD: agents whose actions are words, with credit for every token and a discount between actions only.

"Reinforcing Language Agents via Policy Optimization with Action Decomposition", arXiv 2405.15821.

`trainer` is the method on rows of TRL, an episode a row; `windows` the authors' own loop: windows of steps that go on
where the last ones ended, and actions drawn from a list.
"""

from .advantages import Credit, actions_of, bad_gae, decomposed_gae, first_tokens
from .language import LanguagePolicy
from .loss import TokenPPO, action_surrogate, approx_kl, normalised, token_ppo_loss, token_value_loss
from .trainer import POAD, POADConfig, POADTrainer, episode_return
from .windows import Continuing, Evaluation, TokenPolicy, Window, WindowConfig, collect, learn, train_windows

__all__ = [
    "POAD",
    "Continuing",
    "Credit",
    "Evaluation",
    "LanguagePolicy",
    "POADConfig",
    "POADTrainer",
    "TokenPPO",
    "TokenPolicy",
    "Window",
    "WindowConfig",
    "action_surrogate",
    "actions_of",
    "approx_kl",
    "bad_gae",
    "collect",
    "decomposed_gae",
    "episode_return",
    "first_tokens",
    "learn",
    "normalised",
    "token_ppo_loss",
    "token_value_loss",
    "train_windows",
]
