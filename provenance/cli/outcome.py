"""Exit codes: what each way out of the program says to whoever called it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable

import click

from provenance.cli.notice import notice
from provenance.errors import ConfigError, OutOfDate, ProvenanceError, RegistryRefused, TrustError
from provenance.verdict import Result, Unjudged, Verdict

PASS, FAIL, USAGE, INCOMPLETE, OUT_OF_DATE, CANNOT_JUDGE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
RESULTS = {Result.PASS: PASS, Result.FAIL: FAIL, Result.INCOMPLETE: INCOMPLETE}
PRECEDENCE = (USAGE, FAIL, CANNOT_JUDGE, INCOMPLETE, OUT_OF_DATE, PASS)
BUG = "a bug in provenance, not a verdict; please report it with what stands above"


def combined(codes: Iterable[int]) -> int:
    """The exit code for several models: the most serious one first."""
    found = set(codes)
    return next((code for code in PRECEDENCE if code in found), INCOMPLETE)


def told(verdicts: Iterable[Verdict], unjudged: Iterable[Unjudged]) -> int:
    """The exit code of what became of several models; why some were not judged is on stderr."""
    codes = [RESULTS[verdict.result] for verdict in verdicts]
    for model in unjudged:
        notice(f"error: could not judge {model.name}: {model.reason}")
        codes.append(USAGE if model.usage else CANNOT_JUDGE)
    return combined(codes)


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
        notice(f"error: {error}")
        return USAGE
    except OutOfDate as error:
        for text in error.reasons:
            notice(f"error: {text}: run `provenance lock`, or add --frozen")
        return OUT_OF_DATE
    except RegistryRefused as error:
        notice(f"fail: {error.rule}: {error}")
        return FAIL
    except (ProvenanceError, OSError, MemoryError) as error:
        notice(f"error: could not judge: {error}")
        return CANNOT_JUDGE
    except Exception:
        # Python exits 1 for a bug, and 1 means "judged, failed": a traceback is no verdict.
        traceback.print_exc()
        notice(f"error: {BUG}")
        return CANNOT_JUDGE
