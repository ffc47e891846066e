"""Models in registries of artifacts (OCI distribution 1.1): ModelPack, ModelKit, modelcar, ORAS.

`oci://host[:port]/repository[:tag][@sha256:…]`. A tag is a moving revision; the one that does not
change is the digest of the manifest. A layer that is one file is declared by its digest and read by
range; one that is a tar is read to its end, its files hashed, and nothing written to disk.
"""

from __future__ import annotations

from provenance.source.oci.address import parsed
from provenance.source.oci.client import Repository
from provenance.source.oci.store import Artifacts
from provenance.source.remote.store import StoreOptions


def opened(source: str, options: StoreOptions) -> Artifacts:
    """The repository of a registry; nobody is asked yet. ConfigError for what is no address."""
    return Artifacts(repository=Repository(address=parsed(source), options=options))
