"""The out-of-distribution guardian: what data supports, and what it says nothing about.

`scaling` and `region` are the mathematics, on rows of features; `features` and `projection` make such rows of texts;
`judge` is the judge.
"""

try:
    import numpy  # noqa: F401
except ImportError as error:
    raise ImportError("a guardian needs NumPy: pip install 'jurybox[guardian]'") from error

from .features import NGrams
from .judge import DensityGuardian
from .projection import Projection
from .region import Ellipsoid, Kernel, Region
from .scaling import MinMax

__all__ = ["DensityGuardian", "Ellipsoid", "Kernel", "MinMax", "NGrams", "Projection", "Region"]
