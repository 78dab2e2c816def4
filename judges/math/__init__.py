"""Mathematical answers: extraction, normal forms, exact and numeric comparison, sympy as the last resort."""

from ._extract import Extract, extract
from ._judge import MathJudge

__all__ = ["Extract", "MathJudge", "extract"]
