"""The newest trusted root of a Sigstore instance, from its TUF repository. The door to tuf."""

from __future__ import annotations

import tempfile
from importlib import resources
from pathlib import Path

from provenance.errors import SourceError

PUBLIC_GOOD_URL = "https://tuf-repo-cdn.sigstore.dev"
TARGET = "trusted_root.json"


def public_good(authorities: str | None = None) -> str:
    """The public-good instance's trusted root as JSON text, fetched now, or SourceError.

    `authorities` is a PEM file of those who may vouch for the server.
    """
    first = resources.files("provenance.registry").joinpath("public_good_root.json").read_bytes()
    return trusted_root(PUBLIC_GOOD_URL, first, authorities)


def trusted_root(url: str, first_root: bytes, authorities: str | None = None) -> str:
    """The trusted root that the TUF repository at `url` publishes, or SourceError.

    Trust starts at `first_root`, which this version brought along; nothing is cached.
    """
    from tuf.api.exceptions import DownloadError, RepositoryError
    from tuf.ngclient import Updater

    from provenance.registry.fetcher import ServerFetcher

    with tempfile.TemporaryDirectory() as folder:
        try:
            updater = Updater(
                metadata_dir=folder,
                metadata_base_url=url,
                target_dir=folder,
                target_base_url=f"{url}/targets/",
                fetcher=ServerFetcher(authorities=authorities),
                bootstrap=first_root,
            )
            updater.refresh()
            target = updater.get_targetinfo(TARGET)
            if target is None:
                raise SourceError(f"{url} publishes no {TARGET}")
            return Path(updater.download_target(target)).read_text("utf-8")
        except (DownloadError, RepositoryError, OSError, ValueError) as error:
            raise SourceError(f"the trusted root of {url} cannot be fetched: {error}") from None
