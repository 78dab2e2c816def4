"""Leaves the terminal to whoever prints results: no progress bars and no advice from the libraries below."""

import logging
import warnings


def quieten() -> None:
    """Silence transformers, datasets and TRL; what fails still raises."""
    import datasets
    import transformers

    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=UserWarning, module="torch")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    logging.getLogger("trl").setLevel(logging.ERROR)
