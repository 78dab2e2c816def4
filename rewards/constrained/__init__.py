"""A reward under limits on what it may cost, with multipliers that find their own size."""
