"""Try a reward before a policy does: compare two versions of it, attack it from its own expression."""

from .attack import Attack, Audit, Case, Outcome, attack
from .cases import cases_of
from .comparison import Change, Comparison
from .search import paid_words

__all__ = ["Attack", "Audit", "Case", "Change", "Comparison", "Outcome", "attack", "cases_of", "paid_words"]
