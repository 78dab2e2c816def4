"""BGPO against fewer maskings, and against the objective that it bounds."""
