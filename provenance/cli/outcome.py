"""Exit codes: what each way out of the program says to whoever called it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable

import click

from provenance.errors import ConfigError, ProvenanceError, RegistryRefused, TrustError
from provenance.verdict import Result, Unjudged

PASS, FAIL, USAGE, INCOMPLETE, OUT_OF_DATE, CANNOT_JUDGE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
RESULTS = {Result.PASS: PASS, Result.FAIL: FAIL, Result.INCOMPLETE: INCOMPLETE}
PRECEDENCE = (USAGE, FAIL, CANNOT_JUDGE, INCOMPLETE, OUT_OF_DATE, PASS)
BUG = "a bug in provenance, not a verdict; please report it with what stands above"


def combined(codes: Iterable[int]) -> int:
    """The exit code for several models: the most serious one first."""
    found = set(codes)
    return next((code for code in PRECEDENCE if code in found), INCOMPLETE)


def not_judged(name: str, ref: str, error: ProvenanceError) -> Unjudged:
    """The model that could not be judged because of `error`, said on stderr too."""
    reason = str(error).removeprefix(f"{name}: ")
    click.echo(f"error: could not judge {name}: {reason}", err=True)
    return Unjudged(name=name, ref=ref, reason=reason, usage=isinstance(error, ConfigError))


def code_of(model: Unjudged) -> int:
    """The exit code of a model that could not be judged."""
    return USAGE if model.usage else CANNOT_JUDGE


def run(command: click.Command) -> int:
    """The exit code of running `command`; errors are words on stderr."""
    try:
        code = command.main(standalone_mode=False)
        return code if isinstance(code, int) else PASS
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CANNOT_JUDGE
    except (ConfigError, TrustError) as error:
        click.echo(f"error: {error}", err=True)
        return USAGE
    except RegistryRefused as error:
        click.echo(f"fail: registry/refused: {error}", err=True)
        return FAIL
    except (ProvenanceError, OSError, MemoryError) as error:
        click.echo(f"error: could not judge: {error}", err=True)
        return CANNOT_JUDGE
    except Exception:
        # Python exits 1 for a bug, and 1 means "judged, failed": a traceback is no verdict.
        traceback.print_exc()
        click.echo(f"error: {BUG}", err=True)
        return CANNOT_JUDGE
