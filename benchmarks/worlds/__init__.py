"""Learners of control tasks, ours and other projects', on the same environments, seeds and numbers of steps."""
