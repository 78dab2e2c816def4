"""The trusted side of the box: servers, children and what a run takes, in the judge's process."""
