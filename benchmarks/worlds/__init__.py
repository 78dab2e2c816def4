"""Worlds that papers need: learners of control tasks, ours and other projects', side by side; pictures of shapes."""
