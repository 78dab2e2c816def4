"""A rubric: several weighted criteria, each asked of a language model with a question and a scale of its own."""

from .criteria import Criterion, Rubric
from .judge import RubricJudge
from .scales import scale

__all__ = ["Criterion", "Rubric", "RubricJudge", "scale"]
