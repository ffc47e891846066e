"""Files of a Hub, downloaded by huggingface_hub itself: it knows Xet, proxies and resuming."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

from huggingface_hub import hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import GatedRepoError
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers, tqdm

from provenance.errors import SourceError
from provenance.source.exchange import LEAST, is_untrusted, moving, reason
from provenance.source.files import NO_LOCKS
from provenance.source.hub.cache import known
from provenance.source.hub.client import Hub
from provenance.source.hub.hops import starting_at
from provenance.source.progress import Step
from provenance.source.remote.release import Stopped

LIBRARY, GATED = "provenance", "GatedRepo"


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

    SourceError where it cannot be had, for whatever reason, or comes no further; Stopped after
    `stop`.
    """
    over, come = Event(), list[int]()
    bar = _reporting(step, lambda: stop.is_set() or over.is_set(), come.append)
    copied = not again and try_to_load_from_cache(repo, path, known(cache), commit) is not None

    def ask() -> None:
        with starting_at(hub.endpoint):
            had()

    def had() -> None:
        try:
            hf_hub_download(
                repo,
                path,
                revision=commit,
                local_dir=folder,
                cache_dir=known(cache) or folder.parent / "cache",
                endpoint=hub.endpoint,
                token=hub.token_for(repo),
                force_download=again,
                library_name=LIBRARY,
                tqdm_class=bar,
            )
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            _unlocked(hub, repo, commit, path, folder / path, bar)

    try:
        if copied:  # by this machine, however long that takes
            ask()
        else:
            moving(hub.patience, lambda: sum(come), ask)
    except TimeoutError:
        over.set()
        said = f"less than {LEAST} bytes came in {hub.patience:g} seconds"
        raise SourceError(f"{repo}: {path} cannot be downloaded: {said}: try again later") from None
    except Exception as error:
        # The library, and what it stands on, raise whatever they like.
        if stop.is_set():
            raise Stopped from None
        if isinstance(error, GatedRepoError):
            raise SourceError(f"{repo}: {hub.refusal(repo, GATED, 403)}") from None
        own = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        said = reason(error) if is_untrusted(error) else own
        raise SourceError(f"{repo}: {path} cannot be downloaded: {said}") from None


def _unlocked(hub: Hub, repo: str, commit: str, path: str, place: Path, bar: type[tqdm]) -> None:
    """The file lies at `place`, where the library's own way needs locks that are not to be had."""
    url = hf_hub_url(repo, path, revision=commit, endpoint=hub.endpoint)
    headers = build_hf_headers(token=hub.token_for(repo), library_name=LIBRARY)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.incomplete")
    with part.open("wb") as stream:
        http_get(url, stream, headers=headers, displayed_filename=path, tqdm_class=bar)
    part.replace(place)


def _reporting(step: Step, ended: Callable[[], bool], came: Callable[[int], None]) -> type[tqdm]:
    """What huggingface_hub is to use for a progress bar: it tells `step`, and may be `ended`."""

    begin: Callable[..., None] = tqdm.__init__
    move: Callable[..., bool | None] = tqdm.update

    class Reporting(tqdm):
        def __init__(self, *words: object, **named: object) -> None:
            begin(self, *words, **{**named, "disable": True})

        def update(self, count: float | None = 1) -> bool | None:
            if ended():
                raise Stopped
            step.advance(int(count or 0))
            came(int(count or 0))
            return move(self, count)

    return Reporting
