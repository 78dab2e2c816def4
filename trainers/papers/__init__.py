"""One file or folder a paper: its config, its pure functions, its objective and its trainer."""
