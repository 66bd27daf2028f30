"""The one Qdrant adapter: `AsyncQdrantClient`, for the embedded process and for a server alike."""

from pipeline.adapters.qdrant.client import connect
from pipeline.adapters.qdrant.naming import collection_name
from pipeline.adapters.qdrant.store import QdrantStore

__all__ = ["QdrantStore", "collection_name", "connect"]
