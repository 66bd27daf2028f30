"""One file a consumer: what it does with each event. `python -m consumers NAME…` runs them."""
