"""The engines that `tidemark up` starts itself, and the supervisor that watches them."""
