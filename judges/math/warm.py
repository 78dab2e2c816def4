"""Imported by the process that workers are forked from: what sympy puts off until its first use is done here.

The first expression of a process costs most of a second (grammars are built, rules registered), which would be
charged to the first answer of every worker.
"""

from __future__ import annotations

from .symbolic import equivalent

_TYPICAL = (
    (r"\int x e^{x} dx", r"(x-1) e^{x}+C"),
    (r"\{x \mid x^2 = 3\}", r"\{\sqrt{3}, -\sqrt{3}\}"),
    (r"\begin{pmatrix}\log_{a}{b}\\9\end{pmatrix}", r"\begin{pmatrix}2\\9\end{pmatrix}"),
    (r"x \in (-\infty, 3]", r"x \le \frac{6}{2}"),
)

for _gold, _answer in _TYPICAL:
    equivalent(_gold, _answer, (None, None), None)
