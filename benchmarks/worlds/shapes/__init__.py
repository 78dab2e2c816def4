"""Coloured shapes with captions: a network that draws them, a proxy that can be hacked, and gold that is measured."""

from .base import BASES, Base, load_base
from .drawing import CAPTIONS, caption, draw
from .judging import Bank, gold_judge, proxy_judge
from .network import Painter

__all__ = ["BASES", "CAPTIONS", "Bank", "Base", "Painter", "caption", "draw", "gold_judge", "load_base", "proxy_judge"]
