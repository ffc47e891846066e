"""Gathering from a Hub: what it declares, what it hides, and every way in which it may lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.claims.code import code_claims
from provenance.errors import Absent, SourceError
from provenance.model import Basis, Evidence, Reach, Ref
from provenance.refs import parse
from provenance.source import directory
from provenance.source.hub import client
from provenance.source.hub.ancestors import with_ancestors
from provenance.source.hub.collect import collect
from provenance.source.hub.origin import Origins
from provenance.source.limits import DEFAULT, Limits
from provenance.source.remote.budget import RequestBudget
from provenance.trust import Registry
from tests import forge
from tests import hub as attacks
from tests.hub import Hub, Sparse
from tests.hubs import FILES, REPO, WEIGHTS, card, signed
from tests.packed import entry, tar

NOBODY = Registry.from_table(forge.registry(), source="trust.toml")
SHA = hashlib.sha256(WEIGHTS).hexdigest()
MODEL = r"/api/models/acme/bot"
TREE = r"/tree/"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path) as made:
        made.commit(REPO, signed(tmp_path / "m"))
        yield made


def ask(hub: Hub, **fields: object) -> client.Hub:
    waits: list[float] = []
    return client.Hub(endpoint=hub.url, sleep=waits.append)


def gather(
    hub: Hub,
    text: str = REPO,
    *,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    limits: Limits = DEFAULT,
) -> Evidence:
    return collect(
        ask(hub), parse(text), at=forge.NOW, include=include, exclude=exclude, limits=limits
    )


def codes(evidence: Evidence) -> set[tuple[str, str]]:
    return {(seen.code, seen.path) for seen in evidence.observations}


def test_what_a_hub_declares_is_what_a_download_measures(hub: Hub, tmp_path: Path) -> None:
    found = gather(hub)
    local = directory.collect(tmp_path / "m", ref=Ref(text="m"), at=forge.NOW)
    assert found.basis is Basis.DECLARED
    assert (found.manifest, found.contents, found.bundles) == (
        local.manifest,
        local.contents,
        local.bundles,
    )
    assert found.observations == ()
    assert found.facts
    assert (found.facts.id, found.facts.owner, found.facts.repo_id) == (
        REPO,
        "acme",
        hub.repo_id(REPO),
    )


def test_only_what_is_selected_is_fetched_and_all_is_listed(hub: Hub) -> None:
    found = gather(hub, include=("*.json",))
    assert [file.path for file in found.manifest.files] == ["config.json", "tokenizer.json"]
    assert len(found.listing.files) == len(FILES)
    assert not any("README" in request.path for request in hub.requests)
    assert not any("safetensors" in request.path for request in hub.requests)
    readme = found.listing.by_path["README.md"]
    assert (len(readme.digest), readme.sha256) == (40, "")


@pytest.mark.parametrize("name", ["main", "v1", "a-branch"])
def test_names_lead_to_a_commit(hub: Hub, name: str) -> None:
    commit = gather(hub).ref.commit or ""
    hub.tag(REPO, "v1", commit)
    hub.branch(REPO, "a-branch", commit)
    found = gather(hub, f"{REPO}@{name}")
    assert (found.ref.commit, found.facts and found.facts.reach) == (commit, Reach.BRANCH)


def test_a_commit_is_searched_for_in_every_branch(hub: Hub) -> None:
    first = gather(hub).ref.commit
    for number in range(60):
        hub.commit(REPO, {"n.txt": str(number).encode()})
    tagged = hub.commit(REPO, {"x.txt": b"x"}, ref="refs/heads/side")
    hub.tag(REPO, "v1", tagged)
    proposed = hub.commit(REPO, {"p.txt": b"p"}, ref="refs/pr/1")
    below = hub.commit(REPO, {"q.txt": b"q"}, ref="refs/pr/1")
    expected = {
        first: Reach.BRANCH,
        tagged: Reach.BRANCH,
        proposed: Reach.NOTHING,
        below: Reach.PULL_REQUEST,
    }
    for commit, by in expected.items():
        facts = gather(hub, f"{REPO}@{commit}").facts
        assert facts
        assert facts.reach is by
    short = gather(hub, f"{REPO}@{first}", limits=Limits(commits=10)).facts
    assert short
    assert short.reach is Reach.UNKNOWN


def test_a_rename_is_followed_and_told(hub: Hub) -> None:
    hub.rename(REPO, "acme/new")
    found = gather(hub).facts
    assert found
    assert found.id == "acme/new"


@pytest.mark.parametrize("text", ["acme/none", f"{REPO}@none", f"{REPO}@{'0' * 40}"])
def test_what_is_not_there_is_absent(hub: Hub, text: str) -> None:
    with pytest.raises(Absent):
        gather(hub, text)


def test_scanners_words_and_the_owners_id_are_kept(hub: Hub) -> None:
    hub.flag(REPO, "config.json", "unsafe")
    hub.flag(REPO, "README.md", "safe")
    found = collect(ask(hub), parse(REPO), at=forge.NOW, ask_owner=True).facts
    assert found
    assert [(flag.path, flag.level) for flag in found.flags] == [("config.json", "unsafe")]
    assert found.owner_id == hub.org_id("acme")


OTHER = WEIGHTS[:-1] + b"\x00"
ENTRY = {"type": "file", "oid": "0" * 40, "size": 4}
LIES: dict[str, tuple[str, attacks.Hook, set[tuple[str, str]]]] = {
    "another size in the listing": (
        TREE,
        attacks.lie_size("model.safetensors", 99),
        {("contradiction", "model.safetensors")},
    ),
    "another size of a small file": (
        TREE,
        attacks.lie_size("config.json", 7),
        {("contradiction", "config.json")},
    ),
    "other bytes in a small file": (
        r"/resolve/.*/config.json",
        attacks.swap(b"{" + b" " * 39 + b"}"),
        {("contradiction", "config.json")},
    ),
    "a name that leads out": (
        TREE,
        attacks.add_entry({**ENTRY, "path": "../x"}),
        {("name", "../x")},
    ),
    "a name of git's": (
        TREE,
        attacks.add_entry({**ENTRY, "path": ".git/config"}),
        {("name", ".git/config")},
    ),
    "a name of a downloader's": (
        TREE,
        attacks.add_entry({**ENTRY, "path": ".cache/huggingface/x"}),
        {("name", ".cache/huggingface/x")},
    ),
    "a file that is not there": (
        TREE,
        attacks.add_entry({**ENTRY, "path": "gone.json"}),
        {("contradiction", "gone.json")},
    ),
    "no digests anywhere": (
        r".",
        attacks.drop_hashes,
        {("undeclared", "model.safetensors")},
    ),
    "no digest in the listing of a large file": (
        TREE,
        attacks.half_range,
        set(),
    ),
    "half of each range": (r"/cdn/", attacks.half_range, set()),
    "the whole file in place of a range": (
        r"/cdn/",
        attacks.ignore_range,
        {("limit", "model.safetensors")},
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_an_observation(hub: Hub, name: str) -> None:
    pattern, hook, expected = LIES[name]
    hub.on(pattern, hook)
    assert codes(gather(hub)) == expected


def test_a_sha256_that_the_bytes_do_not_have_is_told_by_those_that_are_fetched(hub: Hub) -> None:
    small = {"small.safetensors": forge.safetensors()}
    hub.commit("acme/small", small)
    hub.on(TREE, attacks.lie_sha256("small.safetensors", "a" * 64))
    assert codes(gather(hub, "acme/small")) == {("contradiction", "small.safetensors")}


def test_digests_are_asked_for_where_the_listing_has_none(hub: Hub) -> None:
    def bare(request: attacks.Request, answer: attacks.Answer) -> attacks.Answer:
        rows = json.loads(answer.body) if isinstance(answer.body, bytes) else []
        kept = [{k: v for k, v in row.items() if k not in ("lfs", "oid")} for row in rows]
        return answer.carrying(json.dumps(kept).encode())

    hub.on(TREE, bare)
    found = gather(hub, include=("model.safetensors",))
    assert found.manifest.files[0].sha256 == SHA
    hub.on(r"paths-info", bare)
    found = gather(hub, include=("model.safetensors",))
    assert found.manifest.files[0].sha256 == SHA
    assert found.observations == ()


FAILURES: dict[str, tuple[str, attacks.Hook]] = {
    "errors": (MODEL, attacks.status(500)),
    "too many requests": (MODEL, attacks.status(429)),
    "a wait without end": (MODEL, attacks.status(429, **{"Retry-After": 10**6})),
    "forbidden": (MODEL, attacks.status(418)),
    "redirects in a circle": (MODEL, attacks.redirect_loop),
    "a body without end": (MODEL, attacks.endless),
    "half a body": (MODEL, attacks.cut(20)),
    "half a file": (r"/resolve/.*config.json", attacks.cut(5)),
    "no JSON": (MODEL, lambda request, answer: answer.carrying(b"<html>")),
    "JSON of another form": (MODEL, lambda request, answer: answer.carrying(b"[1]")),
    "an entry of another form": (TREE, attacks.add_entry({"type": "file", "path": 1})),
    "an entry twice": (TREE, attacks.add_entry({**ENTRY, "path": "config.json"})),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_hub_that_does_not_answer_is_no_verdict(hub: Hub, name: str) -> None:
    hub.on(*FAILURES[name])
    with pytest.raises(SourceError):
        gather(hub)


def test_a_hub_that_hangs_is_given_up(hub: Hub) -> None:
    hub.on(MODEL, attacks.hang(30))
    question = client.Question(
        url=f"{hub.url}/api/models/{REPO}", repo=REPO, most=1 << 20, timeout=0.1
    )
    with pytest.raises(SourceError, match="does not answer"):
        ask(hub).ask(question, RequestBudget(Limits()))


def test_what_passes_is_tried_again_and_politely(hub: Hub) -> None:
    waits: list[float] = []
    hub.on(MODEL, attacks.status(429, 2, **{"Retry-After": 7}))
    polite = client.Hub(endpoint=hub.url, sleep=waits.append)
    assert collect(polite, parse(REPO), at=forge.NOW).observations == ()
    assert waits == [7.0, 14.0]


def test_ten_thousand_files_are_too_many_where_half_are_allowed(hub: Hub) -> None:
    hub.on(TREE, attacks.many(10_000))
    assert ("limit", "") in codes(gather(hub, limits=Limits(entries=5_000, requests=20)))
    found = gather(hub, include=("config.json",))
    assert len(found.listing.files) == 10_000 + len(FILES)
    assert found.observations == ()


def test_small_files_beyond_the_limit_are_unknown_the_later_ones_by_name(hub: Hub) -> None:
    hub.commit("acme/small", dict.fromkeys(("a.txt", "b.txt", "c.txt"), b"x" * 2000))
    found = gather(hub, "acme/small", limits=Limits(kept=4000))
    assert codes(found) == {("limit", "c.txt")}


def test_requests_beyond_the_limit_are_unknown_and_no_error(hub: Hub) -> None:
    hub.commit("acme/small", {f"{n}.txt": b"x" for n in range(30)})
    found = gather(hub, "acme/small", limits=Limits(requests=12))
    assert {code for code, _ in codes(found)} == {"limit"}
    assert 15 < len(codes(found)) < 30


def test_a_link_to_the_next_page_on_another_host_is_not_followed(hub: Hub) -> None:
    hub.page_size = 2

    def elsewhere(request: attacks.Request, answer: attacks.Answer) -> attacks.Answer:
        link = answer.headers.get("Link", "").replace(request.origin, "http://evil.invalid")
        return answer.having(Link=link or None)

    hub.on(TREE, elsewhere)
    assert len(gather(hub).listing.files) == len(FILES)


def test_a_model_far_too_large_to_download_costs_megabytes(hub: Hub) -> None:
    size = 5_000_000_000
    shards = {
        f"model-{n:05}-of-00030.safetensors": Sparse(
            head=forge.header(size, f"w{n}"),
            size=size + len(forge.header(size, f"w{n}")),
            sha256=f"{n:064x}",
        )
        for n in range(1, 31)
    }
    index = {"weight_map": {f"w{n}": path for n, path in enumerate(shards, 1)}}
    hub.commit("acme/large", {"model.safetensors.index.json": json.dumps(index).encode(), **shards})
    hub.clear()
    found = gather(hub, "acme/large")
    assert found.observations == ()
    assert hub.traffic() < 10_000_000


def test_a_large_archive_is_looked_into_by_range(hub: Hub) -> None:
    config = {"model_config.yaml": b"a:\n  _target_: os.system\n"}
    weights = entry("model_weights.ckpt", 5_000_000_000).tobuf()
    head = tar(config)[:1024] + weights
    hub.commit("acme/speech", {"m.nemo": Sparse(head=head, size=5_000_012_288, sha256="a" * 64)})
    hub.clear()
    found = gather(hub, "acme/speech")
    assert [claim.code for claim in code_claims(found)] == ["callable"]
    assert hub.traffic() < 1_000_000


def test_a_long_list_of_tokens_is_followed_by_range(hub: Hub) -> None:
    row = '{{"rank": {}, "token_bytes": "YWJj", "token_str": null}}'
    rows = ", ".join(map(row.format, range(230_000)))
    for name, more in (("plain", ""), ("speaking", ', "auto_map": {"AutoModel": "x.Y"}')):
        data = f'{{"vocab": [{rows}]{more}}}'.encode()
        hub.commit(f"acme/{name}", {**FILES, "tekken.json": data})
    assert gather(hub, "acme/plain").observations == ()
    assert codes(gather(hub, "acme/speaking")) == {("limit", "tekken.json")}


def test_ancestors_are_asked_for_up_to_the_first(hub: Hub) -> None:
    hub.commit("b/merge", {**FILES, "README.md": card("base_model: [c/x, c/y]")})
    hub.commit("c/x", {**FILES, "README.md": card("base_model: acme/bot")})
    hub.commit("d/child", {**FILES, "README.md": card("base_model: b/merge")})
    found = with_ancestors(ask(hub), gather(hub, "d/child"), ["e/gone"])
    known = {a.claimed: a.facts.id if a.facts else "" for a in found.ancestors}
    assert known == {"e/gone": "", "b/merge": "b/merge", "c/x": "c/x", "c/y": "", REPO: REPO}
    poor = with_ancestors(ask(hub), gather(hub, "d/child"), [], limits=Limits(requests=1))
    assert [(seen.code, seen.path) for seen in poor.observations] == [("ancestors-limit", "")]
    assert not any(ancestor.missing for ancestor in poor.ancestors)
    pinned = with_ancestors(ask(hub), gather(hub, "d/child"), [], limits=Limits(ancestors=2))
    assert len(pinned.ancestors) == 2
    assert ("ancestors-limit", "") in codes(pinned)


def test_what_ancestors_are_mirrors_of_is_asked_for_on_the_same_account(hub: Hub) -> None:
    origins = Origins(registry=NOBODY, stated={"b/bot": (f"{REPO}@{hub.commit(REPO, {})}",)})
    hub.commit("b/bot", FILES)
    hub.commit("b/child", {**FILES, "README.md": card("base_model: b/bot")})
    child = gather(hub, "b/child")
    (known,) = with_ancestors(ask(hub), child, [], origins=origins).ancestors
    assert known.evidence
    assert known.evidence.origin
    assert known.evidence.origin.claimed == REPO
    hub.clear()
    assert with_ancestors(ask(hub), child, []).observations == ()
    alone = Limits(requests=len(hub.requests))
    poor = with_ancestors(ask(hub), child, [], origins=origins, limits=alone)
    assert [(seen.code, seen.path) for seen in poor.observations] == [("ancestors-limit", "")]


def test_cards_that_name_each_other_end(hub: Hub) -> None:
    hub.commit("b/one", {**FILES, "README.md": card("base_model: b/two")})
    hub.commit("b/two", {**FILES, "README.md": card("base_model: b/one")})
    found = with_ancestors(ask(hub), gather(hub, "b/one"), [])
    assert [ancestor.claimed for ancestor in found.ancestors] == ["b/two"]
