"""One package or file for each outside system."""
