"""What a person reads on a terminal: a line for what passes, and why something does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provenance.model import Basis
from provenance.report import Summary, human
from provenance.report.human import LEAST_WIDTH, Detail
from provenance.verdict import (
    Finding,
    Level,
    Outcome,
    Result,
    SignerSeen,
    Verdict,
    failed,
    passed,
    skipped,
)
from tests.report.test_inert import plain
from tests.report.values import many, summary, unjudged, verdict

COMMIT = "0123456789abcdef" * 2 + "01234567"
OLD = replace(failed("registry/old", "refreshed 40 days ago", "trust"), level=Level.WARN)
CHANGED = failed("policy/changed", "changed in this pull request", "provenance.toml")
WAIVED = replace(
    failed("code/native", "holds a library", "x.so"), waived="looked at", level=Level.OFF
)
OFF = replace(failed("code/script", "holds a script", "x.py"), level=Level.OFF)
PASSING = verdict(
    "acme/bot", basis=Basis.DECLARED, commit=COMMIT, reason="Acme signed all 3 files a loader reads"
)


def passing(*findings: Finding, name: str = "acme/bot") -> Verdict:
    return replace(PASSING, name=name, ref=name, findings=findings)


def shown(*verdicts: Verdict, detail: Detail = Detail.USUAL, width: int = 200) -> list[str]:
    return plain(human(summary(*verdicts), width=width, detail=detail)).split("\n")


def test_a_passing_model_is_one_line_with_basis_commit_and_reason() -> None:
    assert shown(passing(), passing(name="acme/two"))[:2] == [
        f"✓ {name}  pass (baseline) for declared digests at 0123456789ab: "
        "Acme signed all 3 files a loader reads"
        for name in ("acme/bot", "acme/two")
    ]


def test_what_only_bytes_prove_is_said_once() -> None:
    lines = shown(passing(), passing(name="acme/two"))
    assert [line for line in lines if "fetch" in line] == [
        "  declared digests: only `fetch` proves bytes"
    ]


def test_what_was_set_aside_is_counted_and_in_full_repeated() -> None:
    lines = shown(passing(WAIVED, OFF))
    assert "pass (baseline), 1 waived, 1 off for" in lines[0]
    assert not [line for line in lines if "code/" in line]
    full = shown(passing(WAIVED, OFF), detail=Detail.FULL)
    assert [line.split("  ")[0] for line in full if "code/" in line] == []
    named = replace(passing(WAIVED, OFF), checks=(("code", Outcome.EXCEPTED),))
    full = shown(named, detail=Detail.FULL)
    assert [line.strip() for line in full if "code/" in line] == [
        "~ code/native  x.so  waived: looked at",
        "! code/script  x.py  (off)",
    ]


def test_what_was_skipped_is_one_line_with_its_reason_and_in_full_alone() -> None:
    left = replace(
        passing(skipped("weights/not-compared", "it names no parent", "acme/bot")),
        checks=(("weights", Outcome.SKIPPED),),
    )
    assert not [line for line in shown(left) if "weights" in line]
    full = [line for line in shown(left, detail=Detail.FULL) if "weights" in line]
    assert full == ["  - weights   it names no parent"]


def test_what_a_pass_leaves_open_is_told_and_in_full_stands_in_its_message() -> None:
    kin = passed("weights/pass", "kin; edits are not told", left_open="edits are not told")
    weighed = replace(passing(kin), checks=(("weights", Outcome.PASS),))
    assert shown(weighed)[1] == "    weights, open: edits are not told"
    assert not [line for line in shown(weighed, detail=Detail.FAILURES) if "not told" in line]
    full = shown(weighed, detail=Detail.FULL)
    assert [line for line in full if "not told" in line] == [
        "  ✓ weights   kin; edits are not told"
    ]


def test_a_warning_stands_below_its_model() -> None:
    warning = replace(failed("ancestry/no-origin", "states no parent"), level=Level.WARN)
    lines = shown(passing(warning))
    assert lines[1:3] == ["  ! ancestry/no-origin  (warn)", "    states no parent"]


def test_quiet_says_what_does_not_pass_and_nothing_else() -> None:
    assert shown(passing(WAIVED), detail=Detail.FAILURES) == [""]
    lines = shown(passing(), verdict("acme/bad", many(1)), detail=Detail.FAILURES)
    assert lines[0].startswith("✗ acme/bad  fail")
    assert not [line for line in lines if "acme/bot" in line or "policy  " in line]


def test_what_is_of_the_callers_own_files_stands_under_no_check() -> None:
    failing = verdict("acme/bad", [*many(1), CHANGED])
    for detail in Detail:
        lines = shown(failing, detail=detail)
        assert lines[:2] == [
            "your policy, registries and lockfile:",
            "  ✗ policy/changed  provenance.toml",
        ]
        assert lines.index("✗ acme/bad  fail (baseline) for measured bytes") > 2
    revoked = verdict("acme/bad", [failed("registry/revoked", "revoked", "acme/bad"), *many(1)])
    full = shown(revoked, detail=Detail.FULL)
    head = full.index("  your registries:")
    assert full[head + 1].strip() == "✗ registry/revoked  acme/bad"
    assert head < next(n for n, line in enumerate(full) if line.startswith("  ✗ format"))


def test_what_every_model_repeats_is_said_once() -> None:
    lines = shown(passing(OLD), passing(OLD, name="acme/two"))
    assert len([line for line in lines if "registry/old" in line]) == 1
    assert lines[0] == "your policy, registries and lockfile:"
    assert len([line for line in shown(passing(OLD)) if "registry/old" in line]) == 1


def test_everybody_who_signed_is_told_in_full() -> None:
    signer = SignerSeen(name="release", organisation="Acme", identity="a key", bundle="model.sig")
    good = replace(passing(passed("signature/pass", "signed")), signers=(signer,))
    words = "signed by Acme (release): a key; no verified time; model.sig"
    assert words in plain(human(summary(good), width=200, detail=Detail.FULL))
    assert words not in "\n".join(shown(good))


def test_a_reason_that_is_no_rule_is_no_command_to_type() -> None:
    odd = replace(verdict("acme/bad", many(1)), reason="$(reboot)/x: y")
    assert not [line for line in shown(odd) if "next:" in line]
    named = replace(odd, reason="format/pickle: holds a pickle")
    assert "  next: provenance explain format/pickle" in shown(named)


REPORTS = {
    "passing": summary(passing(), passing(WAIVED, OLD, name="acme/" + "long" * 8)),
    "failing": summary(verdict("acme/bad", [*many(2), CHANGED, OLD]), passing()),
    "not judged": summary(passing(), unjudged=[unjudged()]),
}


@pytest.mark.parametrize("width", [LEAST_WIDTH, 80, 100, 200])
@pytest.mark.parametrize("detail", Detail)
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_no_line_is_wider_than_the_terminal(report: Summary, detail: Detail, width: int) -> None:
    lines = plain(human(report, width=width, detail=detail)).split("\n")
    longest = max(lines, key=len)
    assert len(longest) <= width or "sha256:" in longest, longest
    assert report.result is not Result.PASS or detail is Detail.FAILURES or "✓" in "".join(lines)
