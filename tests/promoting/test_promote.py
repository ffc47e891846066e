"""A model is promoted whole or not at all, and its copy is judged as what it is a copy of."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import forge
from tests.hubs import REPO
from tests.promoting.docks import DOCKS, Pier, pier, rules


@pytest.fixture(params=DOCKS)
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pier]:
    """A desk at each dock."""
    with pier(tmp_path, request.param) as made:
        yield made


def promoted(there: Pier, *words: str) -> str:
    code, told = there.promote(*words)
    assert code == 0, told
    return told


def verifying(told: str) -> str:
    """The line that is to be typed next."""
    (line,) = [one.strip() for one in told.splitlines() if "  provenance verify " in one]
    return line


def test_exactly_the_admitted_bytes_and_their_evidence_lie_there(there: Pier) -> None:
    told = promoted(there)
    found = there.dock.read()
    assert {path: found[path] for path in forge.MODEL} == dict(forge.MODEL)
    assert found.keys() - forge.MODEL.keys() <= {"model.sig", "import.intoto.jsonl"}
    assert "model.sig" in found
    assert f"provenance verify {there.dock.to}@sha256:" in told


def test_its_copy_is_judged_as_the_origin_without_asking_the_hub(there: Pier) -> None:
    promoted(there)
    there.desk.hub.delete(REPO)
    for words in ((), ("--as", REPO)):
        code, model = there.verify(*words)
        assert (code, model["mirror_of"]) == (0, there.origin), model
    code, model = there.verify("--as", "acme/other")
    assert (code, "identity/import-name" in rules(model)) == (1, True)


def test_the_line_to_type_says_what_was_selected(there: Pier) -> None:
    """The publisher signed the file that was left out too."""
    there.desk.settings({"repo": REPO, "exclude": ["*.bin"]})
    later = there.release(pytorch_bin=b"\x80\x02K\x01.")
    words = shlex.split(verifying(promoted(later)))
    assert words[-2:] == ["--exclude", "*.bin"]
    ended = there.desk.run(*words[1:], **there.dock.variables)
    assert ended.returncode == 0, ended.stdout


def test_what_the_caller_keeps_of_it_elsewhere_goes_with_it(there: Pier) -> None:
    own = there.desk.folder / "attestations" / REPO
    own.mkdir(parents=True)
    signature = forge.sign(forge.write(there.desk.folder / "m"), forge.TufKey(key=forge.key("two")))
    kept = (signature / "model.sig").read_bytes()
    (own / "second.sigstore.json").write_bytes(json.dumps(json.loads(kept), indent=1).encode())
    promoted(there)
    lines = there.dock.read()["detached.intoto.jsonl"].splitlines()
    assert [json.loads(line) for line in lines] == [json.loads(kept)]
    before = there.dock.read()
    assert "lies there already" in promoted(there)
    assert there.dock.read() == before


def test_a_second_time_it_lies_there_already(there: Pier) -> None:
    promoted(there)
    before = there.dock.read()
    assert "lies there already" in promoted(there)
    assert there.dock.read() == before


def test_a_byte_that_was_changed_there_is_refused(there: Pier) -> None:
    promoted(there)
    there.dock.put("config.json", b'{"model_type": "llama", "hidden_size": 8}')
    code, model = there.verify("--as", REPO)
    assert (code, model["mirror_of"]) == (1, None)
    assert {"integrity/mismatch", "integrity/import-mismatch"} & rules(model)


def test_a_revoked_origin_refuses_the_copy(there: Pier) -> None:
    promoted(there)
    there.trust(revoked=[{"commit": there.commit, "reason": "a backdoor"}])
    code, model = there.verify()
    assert (code, rules(model)) == (1, {"registry/revoked"})
    code, told = there.promote()
    assert (code, "was not promoted" in told) == (1, True)


def test_what_is_revoked_is_not_written(there: Pier) -> None:
    there.trust(revoked=[{"commit": there.commit, "reason": "a backdoor"}])
    code, told = there.promote()
    assert (code, there.dock.read()) == (1, {}), told


def test_what_others_put_there_stays(there: Pier) -> None:
    there.dock.foreign()
    before = there.dock.read() if not there.dock.tagged else None
    for words in ((), ("--replace",)):
        code, told = there.promote(*words)
        assert (code, "promote did not put there" in told) == (2, True), told
    assert before is None or there.dock.read() == before


def test_the_line_that_is_printed_verifies_it(there: Pier) -> None:
    line = verifying(promoted(there))
    ended = there.desk.run(*shlex.split(line)[1:], **there.dock.variables)
    assert (ended.returncode, "mirror of" in ended.stdout) == (0, True), ended.stdout + ended.stderr
    assert ("--as" in line) == ("://" in there.dock.to)


def test_what_was_changed_there_is_named_and_put_back(there: Pier) -> None:
    promoted(there)
    there.dock.put("config.json", b'{"model_type": "llama", "hidden_size": 8}')
    code, told = there.promote()
    assert (code, "--replace" in told) == (2, True), told
    assert "promote did not put there" not in told
    promoted(there, "--replace")
    assert there.dock.read()["config.json"] == forge.MODEL["config.json"]
    code, model = there.verify("--as", REPO)
    assert (code, model["mirror_of"]) == (0, there.origin), model


@pytest.mark.parametrize("gate", ["an old key", "a key of others"])
def test_after_a_rotation_a_copy_is_attested_by_the_key_of_today(gate: str, there: Pier) -> None:
    today = there.key.read_bytes()
    there.key.write_bytes(forge.pem(forge.key(gate)))
    promoted(there)
    assert there.verify("--as", REPO)[1]["mirror_of"] is None
    there.key.write_bytes(today)
    assert "lies there already" not in promoted(there)
    code, model = there.verify("--as", REPO)
    assert (code, model["mirror_of"]) == (0, there.origin), model
    assert "lies there already" in promoted(there)


def test_what_is_to_be_replaced_is_written_again(there: Pier) -> None:
    promoted(there)
    assert "lies there already" not in promoted(there, "--replace")
    code, model = there.verify("--as", REPO)
    assert (code, model["mirror_of"]) == (0, there.origin), model


def test_a_large_object_of_which_the_bucket_states_no_digest_is_read(tmp_path: Path) -> None:
    with pier(tmp_path, "S3") as there:
        weights = forge.safetensors(bytes(20 << 20))
        newer = there.release(model_safetensors=weights)
        promoted(newer)
        assert "lies there already" in promoted(newer)
        there.dock.put("model.safetensors", weights[:-1] + b"!")
        assert newer.promote()[0] == 2
        promoted(newer, "--replace")
        assert there.dock.read()["model.safetensors"] == weights


def test_a_blob_that_the_registry_lost_is_sent_again(tmp_path: Path) -> None:
    with pier(tmp_path, "a registry") as there:
        promoted(there)
        there.dock.lose("config.json")
        assert "lies there already" not in promoted(there)
        assert there.dock.read()["config.json"] == forge.MODEL["config.json"]


def test_a_copy_of_a_place_that_is_no_hub_is_verified_by_the_line_that_is_printed(
    tmp_path: Path,
) -> None:
    with pier(tmp_path, "a folder") as there:
        promoted(there)
        desk, second = there.desk, f"file://{tmp_path}/second"
        desk.settings({"name": "bot", "repo": REPO, "source": there.dock.to})
        for words in (("lock", "-q"), ("promote", "bot", "--to", second, "--sign-key", there.key)):
            ended = desk.run(*words)
            assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
        line = verifying(ended.stdout)
        assert line.endswith(f" --as {REPO}")
        assert desk.run(*shlex.split(line)[1:]).returncode == 0


def test_an_earlier_release_gives_way_only_when_asked_to(there: Pier) -> None:
    promoted(there)
    old = there.dock.read()
    newer = there.release(config_json=b'{"model_type": "llama", "hidden_size": 8}')
    code, told = newer.promote()
    assert (code, "--replace" in told, there.dock.read()) == (2, True, old)
    promoted(newer, "--replace")
    code, model = newer.verify("--as", REPO)
    assert (code, model["mirror_of"]) == (0, newer.origin), model


def test_without_an_importer_the_attestation_is_a_note(there: Pier) -> None:
    there.trust("evaluator")
    promoted(there)
    code, model = there.verify("--as", REPO)
    assert (code, model["mirror_of"]) == (0, None), model
    assert "integrity/import-unverified" in str(model["findings"])


def test_a_copy_is_locked_fetched_and_refused_once_the_origin_is_revoked(there: Pier) -> None:
    promoted(there)
    desk, variables = there.desk, there.dock.variables
    desk.settings({"name": "bot", "source": there.dock.to, **_revision(there)})
    for words in (("lock", "--measure"), ("lock", "--check"), ("fetch", "--local-dir", "here")):
        ended = desk.run(*words, "-q", **variables)
        assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
    assert f'mirror_of = "{there.origin}"' in desk.lock.read_text()
    there.trust(revoked=[{"repo": REPO, "reason": "a backdoor"}])
    ended = desk.run("fetch", "--local-dir", "again", **variables)
    assert (ended.returncode, (desk.folder / "again").exists()) == (1, False), ended.stderr


def _revision(there: Pier) -> dict[str, str]:
    return {"revision": there.dock.tagged[1]} if there.dock.tagged else {}


def test_a_copy_of_a_copy_names_the_first_origin(tmp_path: Path) -> None:
    with pier(tmp_path, "a folder") as there:
        promoted(there)
        desk, second = there.desk, tmp_path / "second" / "bot"
        desk.settings({"name": "bot", "source": there.dock.to})
        own = ("--sign-key", there.key, "--local-dir", tmp_path / "admitted")
        for words in (("lock", "-q"), ("promote", "bot", "--to", f"file://{second}", *own)):
            ended = desk.run(*words)
            assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
        lines = (second / "import.intoto.jsonl").read_text().splitlines()
        assert len(lines) == 2
        desk.hub.delete(REPO)
        code, model = there.verify("--as", REPO, at=f"file://{second}")
        assert (code, model["mirror_of"]) == (0, there.origin), model
        (second / "import.intoto.jsonl").write_text(f"{lines[1]}\n")
        code, model = there.verify("--as", REPO, at=str(second))
        assert (code, model["mirror_of"]) == (0, there.origin), model
        statement = json.loads(base64.b64decode(json.loads(lines[1])["dsseEnvelope"]["payload"]))
        (origin, via) = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        assert origin["uri"] == f"pkg:huggingface/{there.origin}"
        assert via["uri"].startswith(f"{there.dock.to}@sha256:")


WRONG: Mapping[str, tuple[tuple[str, ...], str]] = {
    "no place": (("--to", "bot"), "expected oci://host/repository"),
    "a path": (("--to", "/mnt/models/bot"), "for a folder: file:///mnt/models/bot"),
    "a tag for a folder": (("--to", "file:///tmp/x", "--tag", "v1"), "no other place has tags"),
    "a whole bucket": (("--to", "s3://bucket"), "expected"),
    "a digest": (("--to", f"oci://host/x@sha256:{'0' * 64}"), "is what is written there"),
    "two tags": (("--to", "oci://127.0.0.1:1/x:v1", "--tag", "v2"), "is what is written there"),
    "a relative folder": (("--to", "file://x"), "file://"),
    "offline": (("--to", "oci://127.0.0.1:1/x", "--offline"), "offline"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_written_is_said_before_anything_is_fetched(
    name: str, tmp_path: Path
) -> None:
    words, told = WRONG[name]
    with pier(tmp_path, "a folder") as there:
        ended = there.desk.run("promote", REPO, *words, "--sign-key", there.key)
        assert (ended.returncode, told in ended.stderr) == (2, True), ended.stderr
        ended = there.desk.run("promote", REPO, *words)
        assert ended.returncode == 2


def test_an_unfinished_prefix_passes_for_no_model(tmp_path: Path) -> None:
    with pier(tmp_path, "S3") as there:
        promoted(there)
        there.dock.put("attestations/promoting.json", b'{"parcel": "another", "paths": []}')
        code, model = there.verify("--as", REPO)
        assert (code, "integrity/reserved-name" in rules(model)) == (1, True)
        code, told = there.promote()
        assert (code, "promote did not put there" in told) == (2, True), told


def test_a_bucket_that_is_not_there_is_called_so(tmp_path: Path) -> None:
    with pier(tmp_path, "S3") as there:
        code, told = there.promote(to="s3://no-such-bucket/teams/bot")
        assert (code, "no such bucket" in told, "AWS_" in told) == (5, True, False), told
