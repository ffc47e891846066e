"""What applies in the caller's folder and why, what is locked of it, and what ends soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from provenance import registry as registries
from provenance.errors import ProvenanceError
from provenance.lock import Entry, Lock
from provenance.lock.update import out_of_step
from provenance.policy import BUILTIN, Model
from provenance.source.together import side_by_side
from provenance.status import (
    Applies,
    ModelState,
    RegistryState,
    Status,
    Upstream,
    ending,
    follows,
    unused,
)
from provenance.trust.reading import is_url
from provenance.workspace.environment import FALSE, FOLDERS
from provenance.workspace.registries import place_of, short
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.subjects import address
from provenance.workspace.upstream import upstream_of

if TYPE_CHECKING:
    from provenance.workspace.workspace import Workspace

OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def status_of(workspace: Workspace, request: Request) -> Status:
    """The status of a folder as of now; a registry or Hub that does not answer is unknown.

    Raises ConfigError for a provenance.toml or provenance.lock that cannot be used.
    """
    # The registries are read one by one, so that one that cannot be had hides nothing else.
    bare = Request(policy=request.policy, lockfile=request.lockfile, registry=(BUILTIN,))
    session = workspace.session(bare, needs_models=False)
    names = request.registry or session.settings.registry
    found = side_by_side(partial(_registry, workspace, session), names)
    at = datetime.now(UTC)
    models = tuple(_models(workspace, session))
    return Status(
        at=at,
        applies=tuple(_applies(workspace, session, request, names)),
        registries=tuple(found),
        models=models,
        ending=tuple(ending(session.settings, found, at)),
        unused=tuple(unused(session.settings, session.lock)),
        unknown=tuple(_unknown(session, found, models)),
    )


def _registry(workspace: Workspace, session: Session, name: str) -> RegistryState:
    shown = name if name == BUILTIN or is_url(name) else short(name)
    roots, offline = session.settings.registry_roots, workspace.options.offline
    try:
        loaded = registries.load_all(
            (name,),
            workspace.folder.absolute(),
            place=lambda url: place_of(url, roots, (), workspace.environment, offline=offline),
        )
    except (ProvenanceError, OSError) as error:
        return RegistryState(named=shown, error=str(error))
    release = loaded.registry.releases[0] if loaded.registry.releases else None
    published = loaded.published[0] if loaded.published else None
    known = [root for org in loaded.registry.orgs for root in org.roots]
    return RegistryState(
        named=shown,
        name=loaded.registry.name,
        version=release.version if release else None,
        seen=release.seen if release else None,
        expires=loaded.registry.expires,
        unpinned=published is not None and published.first_use is not None,
        roots=len(known),
        fingerprints=sum(root.fingerprint is not None for root in known),
    )


def _applies(
    workspace: Workspace, session: Session, request: Request, names: tuple[str, ...]
) -> Iterator[Applies]:
    yield _policy(session, request)
    yield Applies(
        what="registries", value=", ".join(map(_shown, names)), why=_named_by(request, session)
    )
    yield _lockfile(session, request)
    yield _hub(workspace)
    yield _token(workspace, session)
    yield _cache(workspace)


def _policy(session: Session, request: Request) -> Applies:
    file, profile = session.policy_path, session.profile or session.settings.profile
    if file is None:
        why = "no provenance.toml from here upwards: the defaults"
    elif request.policy_file:
        why = "named by --policy"
    else:
        why = "the nearest from here upwards"
    value = str(file) if file else "none"
    return Applies(what="policy", value=value, why=f"{why}; profile {profile or 'baseline'}")


def _named_by(request: Request, session: Session) -> str:
    if request.registry:
        return "named by --registry or PROVENANCE_REGISTRY"
    named = session.settings.source and session.settings.registry != (BUILTIN,)
    return f"named by {session.settings.source}" if named else "the default"


def _shown(name: str) -> str:
    return name if name == BUILTIN or is_url(name) else short(name)


def _lockfile(session: Session, request: Request) -> Applies:
    if session.lock is None:
        why = "does not exist: `provenance lock` writes it"
    elif request.lockfile:
        why = "named by --lockfile"
    else:
        why = "beside provenance.toml" if session.settings_path else "the nearest from here upwards"
    return Applies(what="lockfile", value=str(session.lock_path), why=why)


def _hub(workspace: Workspace) -> Applies:
    from provenance.source.hub.credentials import endpoint

    variables = workspace.environment.variables
    forbidden = next(
        (n for n in OFFLINE if variables.get(n, "").strip().lower() not in FALSE), None
    )
    offline = "--offline" if workspace.options.offline else forbidden
    given = workspace.options.endpoint
    named = "given by the caller" if given else "the default"
    why = "HF_ENDPOINT" if workspace.environment.endpoint else named
    asked = f"; not asked: {offline}" if offline else ""
    return Applies(what="Hub", value=given or endpoint(), why=why + asked)


def _token(workspace: Workspace, session: Session) -> Applies:
    from provenance.source.hub.credentials import WITHHELD, origin

    where = origin(workspace.options.token, workspace.environment.variables)
    if where is None:
        held = workspace.environment.variables.get(WITHHELD, "").strip().lower() not in FALSE
        why = f"withheld by {WITHHELD}" if held else "neither --token, HF_TOKEN nor a login"
        return Applies(what="token", value="none", why=why)
    spaces = ", ".join(sorted(session.namespaces)) or "no namespace"
    return Applies(what="token", value=f"from {where}", why=f"sent for {spaces} alone")


def _cache(workspace: Workspace) -> Applies:
    from provenance.source.hub.cache import known

    own, variables = workspace.options.cache_dir, workspace.environment.variables
    place = known(own)
    named = next((name for name in reversed(FOLDERS) if variables.get(name)), None)
    why = "named by --cache-dir" if own else named or "the default of huggingface_hub"
    return Applies(what="cache", value=str(place) if place else "none", why=why)


def _models(workspace: Workspace, session: Session) -> Iterator[ModelState]:
    """The models of provenance.toml in their order, and then what is locked besides."""
    lock = session.lock or Lock()
    hub = workspace.options.hub(session, workspace.progress)
    entries = [entry for entry in lock.models() if follows(entry)]
    stores = partial(workspace.options.store, progress=workspace.progress, lock=session.lock)
    asked = side_by_side(partial(upstream_of, hub, stores), entries)
    upstream = {item.name: item for item in asked}
    listed = {entry.name: entry for entry in lock.models()}
    for model in session.settings.models:
        yield _model(model, session, listed.pop(model.name, None), upstream)
    for name, entry in listed.items():
        model = Model(name=name, repo=entry.repo, path=entry.path, revision=entry.revision)
        yield _model(model, session, entry, upstream)


def _model(
    model: Model, session: Session, entry: Entry | None, upstream: dict[str, Upstream]
) -> ModelState:
    ref = short(model.path) if model.path else address(model)
    if entry is None:
        return ModelState(name=model.name, ref=ref, late=(f"{model.name} is not locked",))
    return ModelState(
        name=model.name,
        ref=ref,
        locked=entry.commit or entry.selected,
        verdict=entry.verdict,
        late=tuple(out_of_step(session.settings, entry, session.registry)),
        upstream=upstream.get(model.name),
    )


def _unknown(
    session: Session, found: list[RegistryState], models: tuple[ModelState, ...]
) -> Iterator[str]:
    """What nobody could know just now, and what was there and not used."""
    for state in found:
        if state.error:
            yield f"the registry {state.named}: {state.error}"
    for model in models:
        if model.upstream and model.upstream.head is None:
            yield f"{model.name}: {model.upstream.words}"
    for finding in session.findings:
        yield f"{finding.where}: {finding.message}"
