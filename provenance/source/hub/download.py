"""Files of a Hub, downloaded by huggingface_hub itself: it knows Xet, proxies and resuming."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

from huggingface_hub import hf_hub_download
from huggingface_hub.utils import tqdm

from provenance.errors import SourceError
from provenance.source.exchange import is_untrusted, reason
from provenance.source.hub.client import Hub
from provenance.source.hub.hops import starting_at
from provenance.source.progress import Step


class Stopped(Exception):
    """The download was told to stop."""


def download(
    hub: Hub,
    repo: str,
    commit: str,
    path: str,
    folder: Path,
    *,
    again: bool,
    cache: Path | None,
    step: Step,
    stop: Event,
) -> None:
    """The file lies in `folder` under its path, from the cache or the Hub; `again` trusts neither.

    SourceError where it cannot be had, for whatever reason; Stopped after `stop`.
    """
    try:
        with starting_at(hub.endpoint):
            hf_hub_download(
                repo,
                path,
                revision=commit,
                local_dir=folder,
                cache_dir=cache,
                endpoint=hub.endpoint,
                token=hub.token_for(repo),
                force_download=again,
                library_name="provenance",
                tqdm_class=_reporting(step, stop),
            )
    except Exception as error:
        # The library, and what it stands on, raise whatever they like.
        if stop.is_set():
            raise Stopped from None
        own = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        said = reason(error) if is_untrusted(error) else own
        raise SourceError(f"{repo}: {path} cannot be downloaded: {said}") from None


def _reporting(step: Step, stop: Event) -> type[tqdm]:
    """What huggingface_hub is to use for a progress bar: it tells `step`, and ends on `stop`."""

    begin: Callable[..., None] = tqdm.__init__
    move: Callable[..., bool | None] = tqdm.update

    class Reporting(tqdm):
        def __init__(self, *words: object, **named: object) -> None:
            begin(self, *words, **{**named, "disable": True})

        def update(self, count: float | None = 1) -> bool | None:
            if stop.is_set():
                raise Stopped
            step.advance(int(count or 0))
            return move(self, count)

    return Reporting
