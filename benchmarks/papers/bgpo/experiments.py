"""BGPO: as many maskings as one likes in the memory of one, and what they are good for."""

from .digits import EXPERIMENT as DIGITS
from .noise import EXPERIMENT as NOISE
from .sums import EXPERIMENT as SUMS

EXPERIMENTS = (DIGITS, NOISE, SUMS)
