"""`python -m ops.cli`, the same as `tidemark`."""

from ops.cli import main

main()
