"""The last resort, run in a worker process that may be killed: math-verify and sympy on two LaTeX strings."""

from __future__ import annotations

PRELOAD = ("sympy", "math_verify", "latex2sympy2_extended")


def equivalent(gold: str, answer: str, decimals: int | None) -> bool:
    """Whether sympy finds the two equal; no timeout of its own, the pool has one."""
    from math_verify import LatexExtractionConfig, parse, verify

    config = [LatexExtractionConfig()]
    parsed = [
        parse(f"${text}$", extraction_config=config, parsing_timeout=None, raise_on_error=True)
        for text in (gold, answer)
    ]
    if not all(parsed):
        return False
    rounding = 12 if decimals is None else decimals
    return bool(verify(*parsed, float_rounding=rounding, timeout_seconds=None, raise_on_error=True))
