"""Properties run without a deadline: a busy machine is no defect."""

from hypothesis import settings

settings.register_profile("tidemark", deadline=None)
settings.load_profile("tidemark")
