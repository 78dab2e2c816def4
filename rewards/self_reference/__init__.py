"""SRPO's reward: a failure earns by its distance to the successes of its own batch.

`centres` and `shaping` are the mathematics, on vectors; `reward` is the node of a reward expression. Only the first two
need NumPy and scikit-learn, so they are imported when a node is made.
"""
