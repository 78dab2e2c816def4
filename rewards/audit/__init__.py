"""Try a reward before a policy does: compare two versions of it, attack it, calibrate its judges."""

from .comparison import Change, Comparison

__all__ = ["Change", "Comparison"]
