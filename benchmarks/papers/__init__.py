"""One module a paper: its experiments against its baselines. `python -m jurybox.benchmarks` lists and runs them."""
