"""Judges of what an agent did: temporal logic over the events or the signals of a trajectory."""
