"""The experiments of one paper; `experiments.py` names them."""
