"""Mathematical answers: extraction, normal forms, exact and numeric comparison, sympy as the last resort."""

from .judge import MathJudge
from .read.extract import Extract, extract

__all__ = ["Extract", "MathJudge", "extract"]
