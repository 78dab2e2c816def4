"""What a row of each kind must fulfil; see `tests.cases`."""
