"""One module a paper: what its functions are called in this project. `runner.py` says what such a module holds."""
