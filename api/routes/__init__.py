"""The routes, one module per subject; each does little more than name its parts."""
