"""Texts to vectors behind one port: OpenVINO on CPUs, sentence-transformers everywhere else.

`load_encoder` chooses. The runtimes' heavy imports happen in their own modules, when chosen.
"""

from pipeline.adapters.embedding.load import load_encoder

__all__ = ["load_encoder"]
