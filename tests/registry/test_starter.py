"""The registry that comes with the package."""

from __future__ import annotations

from importlib import resources

import pytest

from provenance.claims.reference import renames
from provenance.registry import starter


def test_the_starter_names_publishers_but_only_documented_signers() -> None:
    registry = starter()
    assert (registry.name, registry.expires, registry.sources) == ("starter", None, ("builtin",))
    assert len(registry.orgs) >= 40
    assert {
        (org.name, getattr(signer.material, "identity", ""), signer.repos)
        for org, signer in registry.signers()
    } == {
        ("IBM", "Granite-sign@ibm.com", ("ibm-granite/*",)),
        ("IBM", "Granite-verify@ibm.com", ("ibm-granite/*",)),
        ("IBM", "Granite.Preview@ibm.com", ("ibm-granite/*",)),
    }
    assert registry.publishers("meta-llama/Llama-3.1-8B") == ()


@pytest.mark.parametrize(
    ("repo", "originates"),
    [
        ("meta-llama/Llama-3.1-8B", True),
        ("Qwen/Qwen3-8B", True),
        ("openai/privacy-filter", True),
        ("sentence-transformers/all-MiniLM-L6-v2", False),
        ("qwen/Qwen3-8B", None),
        ("unsloth/Llama-3.2-1B", False),
        ("arcee-ai/Arcee-Spark", False),
        ("Helsinki-NLP/opus-mt-en-de", True),
        ("albert/albert-base-v2", True),
        ("TheBloke/Llama-2-7B-GGUF", None),
        ("mlx-community/Qwen3-8B-4bit", None),
        ("BSC-TeMU/roberta-base-bne", None),
    ],
)
def test_the_starter_knows_whose_a_repository_is(repo: str, originates: bool | None) -> None:
    org = starter().owner(repo)
    assert (org.originates if org else None) is originates


def test_the_starter_knows_where_the_names_of_old_were_moved_to() -> None:
    assert [new for new in renames().values() if starter().owner(new) is None] == []


def test_every_fact_of_the_starter_has_its_row_on_the_review_page() -> None:
    text = resources.files("provenance.registry").joinpath("starter.md").read_text("utf-8")
    rows = {tuple(cell.strip() for cell in line.split("|")[1:4]) for line in text.splitlines()}
    for org in starter().orgs:
        for namespace in org.namespaces:
            assert (org.name, f"`{namespace}`", "yes" if org.originates else "no") in rows
        for signer in org.signers:
            assert f"| {org.name} | `{signer.material.label}`" in text
    known = {(org.name, f"`{name}`") for org in starter().orgs for name in org.namespaces}
    listed = {row[:2] for row in rows if len(row) == 3 and row[2] in ("yes", "no")}
    assert listed == known
