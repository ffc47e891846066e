"""Models in buckets: of S3 and what speaks it, of Google Cloud Storage, of Azure. By obstore."""

from __future__ import annotations

from provenance.errors import ConfigError
from provenance.source.remote.store import Store, StoreOptions


def opened(source: str, options: StoreOptions) -> Store:
    """The prefix of a bucket; ConfigError where obstore is not installed."""
    try:
        from provenance.source.bucket.store import bucket
    except ImportError:
        step = "pip install 'hf-provenance[store]'"
        raise ConfigError(f"obstore is not installed: {step}", path=source) from None
    return bucket(source, options)
