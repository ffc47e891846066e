"""A command that sees exactly what is locked, verified anew, and otherwise fails loudly.

It is no sandbox: what the command does besides loading models by name is the command's own matter.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from provenance.errors import ConfigError
from provenance.lock import Entry, Lock, Part
from provenance.source.laid import Laid, remove_ended
from provenance.source.store import Store, opened, own_folder
from provenance.workspace.fetching import chosen_entries, rules_for
from provenance.workspace.laying import Laying
from provenance.workspace.naming import Names
from provenance.workspace.session import Session

if TYPE_CHECKING:
    from provenance.workspace.workspace import Workspace

STORE, RUNS = "store", "runs"
SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")
"""What is set to 1: nothing is asked for, and nothing told."""
UNSET = (
    "HF_ENDPOINT",
    "HUGGINGFACE_CO_RESOLVE_ENDPOINT",
    "HUGGINGFACE_CO_STAGING",
    "HUGGINGFACE_HUB_CACHE",
    "TRANSFORMERS_CACHE",
    "PYTORCH_TRANSFORMERS_CACHE",
    "PYTORCH_PRETRAINED_BERT_CACHE",
    "SENTENCE_TRANSFORMERS_HOME",
    "KERNELS_CACHE",
    "LOCAL_KERNELS",
    "VLLM_USE_MODELSCOPE",
    "SGLANG_USE_MODELSCOPE",
    "LMDEPLOY_USE_MODELSCOPE",
)
"""What would make a loader look elsewhere: another Hub, or an older name of another cache."""
INHERITED = ("SIGPIPE", "SIGXFSZ")
"""What Python ignores, and a program begun by it would go on ignoring."""
NOTE = (
    "this is not a sandbox: models are loaded by name only as they are locked; whatever else you "
    "may read, write or reach, the command may too"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A cache that was laid, and the variables with which a command sees it and no other."""

    laid: Laid
    environment: Mapping[str, str]
    entries: tuple[Entry, ...]

    def become(self, words: Sequence[str]) -> NoReturn:
        """This process is the command, whose exit code and signals are then its own.

        ConfigError, and the cache is gone, where it cannot be started.
        """
        os.set_inheritable(self.laid.descriptor, True)
        for name in INHERITED:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        try:
            os.execvpe(words[0], list(words), dict(self.environment))
        except OSError as error:
            self.laid.remove()
            raise _unstartable(words[0], error.strerror or str(error)) from None


def made_ready(
    workspace: Workspace,
    session: Session,
    names: Sequence[str],
    command: str,
    *,
    frozen: bool = False,
) -> Running:
    """The locked models of these names, all where none is named, with what they load by name.

    No Hub is asked. Every byte was measured, now or since it last changed, and the models are
    judged as of now. Raises Refused, which carries the verdict, ConfigError for what is not here
    or would be loaded in its place and for a command that there is not, OutOfDate where
    provenance.toml asks for something else, unless `frozen`, and SourceError.
    """
    from provenance.gate import refuse_unread

    entries = chosen_entries(session, names, frozen=frozen)
    leading = Names.of(entries)
    refuse_shadows(workspace.folder, session.lock or Lock())
    variables = workspace.environment.variables
    if shutil.which(command, path=variables.get("PATH")) is None:
        raise _unstartable(command, "there is no such command")
    base = workspace.environment.own_cache
    if base is None:
        raise ConfigError("names no folder, and you have no home directory", path="XDG_CACHE_HOME")
    rules = [rules_for(session, workspace.options, entry) for entry in entries]
    _all_of(partial(refuse_unread, one) for one in rules)
    with opened(base / STORE, workspace.progress) as store:
        laid = _begun(store, base / RUNS)
        try:
            lays = (Laying(workspace=workspace, store=store, laid=laid, rules=r) for r in rules)
            _all_of(partial(one.lay, leading) for one in lays)
            laid.close()
        except BaseException:
            with store.relinking():
                laid.remove()
            raise
    return Running(laid=laid, environment=environment_of(variables, laid), entries=entries)


def environment_of(variables: Mapping[str, str], laid: Laid) -> dict[str, str]:
    """The variables of a command that is to see the laid cache, and no other place. Pure."""
    kept = {name: value for name, value in variables.items() if name not in UNSET}
    own = {"HF_HUB_CACHE": str(laid.hub), "HF_MODULES_CACHE": str(laid.modules)}
    return {**kept, **dict.fromkeys(SWITCHES, "1"), **own}


def refuse_shadows(folder: Path, lock: Lock) -> None:
    """Nothing in the working directory is called as a locked repository is, or ConfigError: every
    loader takes a path that is there before any cache."""
    for repo in sorted({entry.repo for entry in _of_a_hub(lock) if entry.repo}):
        place = folder / repo
        if os.path.lexists(place):
            raise ConfigError(
                f"{place.absolute()} would be loaded instead of the locked {repo}, because a path "
                "in the working directory comes before every cache. Rename it, or start the "
                "command in an empty folder: `mkdir -p served && cd served`",
                path=str(place),
            )


def _of_a_hub(lock: Lock) -> Iterator[Entry]:
    """The entries of what is loaded by the name of a repository."""
    for entry in lock.entries:
        if entry.part is not Part.ANCESTOR and entry.path is None and entry.repo:
            yield entry


def _all_of(steps: Iterable[Callable[[], object]]) -> None:
    """Every step is done; Refused with all models that may not be used, else ConfigError with all
    that are not here."""
    from provenance.gate import Refused

    refused, absent = [], []
    for step in steps:
        try:
            step()
        except Refused as error:
            refused.append(error.verdict)
        except ConfigError as error:
            absent.append(str(error))
    if refused:
        raise Refused(*refused)
    if absent:
        raise ConfigError("; ".join(absent))


def _unstartable(command: str, reason: str) -> ConfigError:
    return ConfigError(f"{command!r} cannot be started: {reason}", path="COMMAND")


def _begun(store: Store, runs: Path) -> Laid:
    """A new folder for this run, once those of ended runs are gone."""
    own_folder(runs)
    with store.relinking():
        remove_ended(runs)
    return Laid.begun(runs)
