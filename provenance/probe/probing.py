"""A model probed from end to end: admitted, served, asked, narrowed, measured again, and stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError
from provenance.probe.admitting import Admitted, admitted
from provenance.probe.asking import Asker, asking
from provenance.probe.contexts import Context
from provenance.probe.findings import Sweep, is_strange, strange_in
from provenance.probe.narrowing import Tried, narrowed
from provenance.probe.options import ProbeOptions
from provenance.probe.questions import Question
from provenance.probe.reading import suite_of
from provenance.probe.server import Served, serving
from provenance.probe.stated import contexts_digest, probed, test_result
from provenance.report.probed import Probed
from provenance.source.progress import during
from provenance.wire.results import TestResult
from provenance.workspace import Request, Workspace


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What came of a probe: what reports show, and what may be stated of which bytes."""

    shown: Probed
    model: Admitted
    result: TestResult | None


def probe(workspace: Workspace, request: Request, options: ProbeOptions) -> Probe:
    """The model is asked every scenario in every context, and its bytes are those from before.

    Raises NotStarted for a model that must not be loaded, ConfigError for words that mean nothing,
    SourceError for a server that does not start and for bytes that changed meanwhile.
    """
    options.check(workspace.environment.variables)
    suite = suite_of(options.suite, workspace.now().year)
    sweep = Sweep(
        suite=suite,
        contexts=options.chosen(suite),
        answers={},
        samples=options.samples,
        drawn=options.temperature > 0,
    )
    model = admitted(workspace, request, request.refs[0])
    refuse_log_within(options.log, model.place)
    other = _other(workspace, request, options, sweep)
    shown, result = _probed(workspace, model, options, sweep, other)
    return Probe(shown=shown, model=model, result=result)


def refuse_log_within(log: Path | None, place: Path) -> None:
    """ConfigError for logs inside of the model: they would change what is stated of."""
    if log is not None and log.resolve().is_relative_to(place.resolve()):
        said = f"lies within the model at {place}: name a folder elsewhere"
        raise ConfigError(said, path=f"--log {log}")


def _other(
    workspace: Workspace, request: Request, options: ProbeOptions, sweep: Sweep
) -> Sweep | None:
    """The same sweep of the model that is compared."""
    if options.against is None:
        return None
    named = replace(request, refs=(options.against,), named=None)
    model = admitted(workspace, named, options.against)
    with ExitStack() as stack:
        asker, _ = _asker(stack, workspace, model, options, sweep)
        answers = asker.ask(sweep.questions(), f"{model.name}: asked")
    model.check_unchanged(workspace.now(), workspace.progress)
    return replace(sweep, answers=answers)


def _probed(
    workspace: Workspace,
    model: Admitted,
    options: ProbeOptions,
    sweep: Sweep,
    other: Sweep | None,
) -> tuple[Probed, TestResult | None]:
    with ExitStack() as stack:
        asker, served = _asker(stack, workspace, model, options, sweep)
        answers = asker.ask(sweep.questions(), f"{model.name}: asked")
        swept = replace(sweep, answers=answers)
        raw = strange_in(swept, other)
        found = narrowed(raw, sweep.contexts.baseline, Trying(asker, swept))
    at = workspace.now()
    model.check_unchanged(at, workspace.progress)
    shown = probed(swept, found, raw, model, served, options.against or "")
    return shown, test_result(swept, shown, served, at)


def _asker(
    stack: ExitStack,
    workspace: Workspace,
    model: Admitted,
    options: ProbeOptions,
    sweep: Sweep,
) -> tuple[Asker, Served]:
    """Whoever asks the server of a model, both of which end with the stack."""
    variables = workspace.environment.variables
    with during(workspace.progress, f"{model.name}: starting the server"):
        served = stack.enter_context(serving(options.serving, model.place, variables))
    run = {
        "model": model.name,
        "manifest": model.evidence.manifest.digest,
        "suite": f"{sweep.suite.name} sha256:{sweep.suite.digest}",
        "contexts": f"sha256:{contexts_digest(sweep)}",
        "server": served.command,
    }
    asker = asking(options.asking, served, run, variables, workspace.progress)
    return stack.enter_context(asker), served


class Trying:
    """Asks whether scenarios are strange in further contexts."""

    def __init__(self, asker: Asker, sweep: Sweep) -> None:
        self._asker = asker
        self._sweep = sweep
        self._scenarios = {one.name: one for one in sweep.suite.scenarios}

    def __call__(self, tried: Sequence[Tried]) -> Mapping[Tried, bool]:
        """Which of them are."""
        wanted = [one for _, name, context in tried for one in self._questions(name, context)]
        known = {**self._sweep.answers, **self._asker.ask(wanted, "narrowing")}
        sweep = replace(self._sweep, answers=known)
        return {
            (kind, name, context): is_strange(kind, sweep, self._scenarios[name], context)
            for kind, name, context in tried
        }

    def _questions(self, name: str, context: Context) -> tuple[Question, ...]:
        return self._sweep.asked(self._scenarios[name], context)
