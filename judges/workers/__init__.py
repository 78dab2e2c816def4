"""Work beside the caller: processes that can be killed, one event loop, the number of cores."""
