"""What must not be published is found in every field; what honest configurations hold is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provenance.errors import Malformed
from provenance.formats import yaml
from provenance.produce.publishable import published, refusals, without
from provenance.recording.watched.program import publishable

LETTERS = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3dE5f"
SECRETS: tuple[tuple[str, object], ...] = (
    ("note", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn"),
    ("note", f"hf_{LETTERS[:34]}"),
    ("note", f"login with ghp_{LETTERS[:36]} please"),
    ("note", f"github_pat_{LETTERS[:22]}_{LETTERS}"),
    ("note", f"glpat-{LETTERS[:20]}"),
    ("note", f"sk-proj-{LETTERS}"),
    ("note", "AKIAIOSFODNN7EXAMPLE"),
    ("note", f"xoxb-1234567890-{LETTERS[:12]}"),
    ("note", f"AIza{LETTERS[:35]}"),
    ("note", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"),
    ("wandb_api_key", "0123456789abcdef0123456789abcdef01234567"),
    ("WANDB_KEY", "0123456789abcdef0123456789abcdef01234567"),
    ("hub_token", "x"),
    ("hubToken", "abc"),
    ("db-password", 123456),
    ("client_secret", "s3cret"),
    ("secrets", ["one", "two"]),
    ("hub", {"token": "abc"}),
    ("token", f"{LETTERS[:20]}"),
    ("env", [{"name": "MY_API_KEY", "value": "abcd"}]),
    ("argv", ["train.py", "--hub-token", "abcd"]),
    ("argv", ["--hub_token=abcd"]),
    ("command", "HF_TOKEN=abcd python train.py"),
    ("command", "train --password hunter2"),
    ("url", "https://user:hunter2@example.org/data"),
    ("url", f"https://{LETTERS}@example.org/data"),
    ("url", "https://bucket.s3.amazonaws.com/a?X-Amz-Date=1&X-Amz-Signature=abc"),
    ("url", "https://x.blob.core.windows.net/a?sv=2022&sig=abc%3D"),
    ("url", "postgres://train:hunter2@db.example.org/runs"),
    ("hub_token", " " * 200_000 + "!"),
    ("pass", "hunter2"),
    ("db", {"pass": "hunter2"}),
    ("basic", "admin:hunter2"),
    ("auth", ["admin", "hunter2"]),
    ("sasKey", "q1w2e3"),
    ("bearer", "q1w2e3"),
    ("webhook", f"https://hooks.slack.com/services/T0/B0/{LETTERS[:24]}"),
    ("report", "https://discord.com/api/webhooks/123456789/abcdefGHIJKLmnop"),
    ("chat", f"110201543:AAH{LETTERS[:32]}"),
    ("json", '{"api_key": "abcd"}'),
    ("json", '[{"inner": {"client_secret": "abcd"}}]'),
    ("ssh", "ssh-rsa AAAAB3NzaC1yc2E alice@alicebox"),
    ("encoded", "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZ"),
    ("args", "--api_key abcd --lr 1"),
    ("env", ["PGPASSWORD=hunter2"]),
    ("env", {"PGPASSWORD": "hunter2"}),
    (f"hf_{LETTERS[:34]}", 1),
)
PLACES: tuple[tuple[str, object], ...] = (
    ("output_dir", "/home/alice/out"),
    ("output_dir", "/mnt/ckpt"),
    ("output_dir", "/ws/base.nemo"),
    ("output_dir", "~/out"),
    ("output_dir", "runs/alice/7"),
    ("output_dir", "C:\\Users\\me\\out"),
    ("output_dir", "D:/models/base"),
    ("output_dir", "\\\\nas\\models\\base"),
    ("data", "file:///srv/data.jsonl"),
    ("models", [{"model": "/mnt/merge/a"}, {"model": "acme/b"}]),
    ("command", "python train.py --out=/scratch/u1/run"),
    ("rdzv_endpoint", "10.1.2.3:29500"),
    ("master_addr", "10.1.2.3"),
    ("server", "gpu-7.train.corp"),
    ("url", "http://mlflow.acme.internal:5000/run/1"),
    ("url", "http://192.168.1.7/run"),
    ("nodes", ["trainer-3.local"]),
)
HOSTS: tuple[tuple[str, object], ...] = (
    ("hostname", "gpu17"),
    ("master_addr", "gpu-node17"),
    ("rdzv_endpoint", "gpu17:29500"),
    ("wandb", {"host": "wandb-box"}),
    ("nodes", "gpu17:8,gpu18:8"),
    ("head", "ray://gpu17:10001"),
    ("report", "http://mlflow:5000/run"),
    ("remote", "git@gitbox:team/repo.git"),
    ("uri", "https://gitbox/team/repo"),
    ("invocation", "http://localhost:8080/job/7"),
    ("uri", "urn:wandb:run:alice-run-7"),
)
HONEST: tuple[tuple[str, object], ...] = (
    ("max_tokens", 1024),
    ("max_token_length", 10),
    ("tokenizer", "acme/base"),
    ("tokenizer_name_or_path", "acme/base"),
    ("pad_token", "<pad>"),
    ("eos_token", "<|im_end|>"),
    ("token", "<|im_start|>"),
    ("special_tokens", {"eos_token": "</s>", "additional": ["[INST]", "[/INST]"]}),
    ("token_ids", [1, 2]),
    ("hub_token", None),
    ("hub_token", ""),
    ("hub_token", "<HUB_TOKEN>"),
    ("api_key", "${WANDB_API_KEY}"),
    ("use_auth_token", True),
    ("push_to_hub_token", None),
    ("hub_model_id", "alice/model"),
    ("secret_word", "moon"),
    ("key_dim", 64),
    ("sha256", "0123456789abcdef" * 4),
    ("commit", "0123456789abcdef0123456789abcdef01234567"),
    ("hash", "/vK4Da3g7ZhRgme8FxCi8QIBL7DSlwpSwyERyIV+uS8="),
    ("repository", "git+ssh://git@github.com/acme/train.git"),
    ("dataset", "https://huggingface.co/datasets/acme/data?revision=main"),
    ("vllm_server_host", "0.0.0.0"),
    ("base_url", "http://localhost:8000/v1"),
    ("route", "/v1/chat/completions"),
    ("interpreter", "/usr/bin/python3"),
    ("tensorrt", "10.0.1.6"),
    ("output_dir", "./out/run-7"),
    ("prompt", "Q:\\nA:"),
    ("prompt", "/no_think"),
    ("prompt", "and/or, see https://example.org/home/page"),
    ("chat_template", "{% if token %}{{ '</s>' }}{% endif %}"),
    ("target_modules", "all-linear"),
    ("lr", 1e-5),
    ("host", "localhost"),
    ("data", "s3://bucket/data"),
    ("image", "docker://train@sha256:" + "a" * 64),
    ("note", '{"max_tokens": 5}'),
    ("command", ["python", "-u", "train.py", "--max_tokens", "8", "--tokenizer", "acme/base"]),
    ("command", ["train", "--pad_token=<pad>", "data.prompt_key=prompt", "--eos_token", "</s>"]),
    ("command", ["train", "--use_auth_token", "--push_to_hub", "--token", "$HF_TOKEN"]),
    ("command", ["bash", "-c", "HF_TOKEN=${HF_TOKEN} python train.py --lr 1e-5"]),
    ("command", ["train", "--hub_model_id", "alice/model", "--data", "hf://datasets/acme/data"]),
)


def said(name: str, value: object) -> list[str]:
    return [found.reason for found in refusals({name: value}, private={"alice"})]


@pytest.mark.parametrize(("name", "value"), [*SECRETS, *PLACES, *HOSTS])
@pytest.mark.parametrize("below", [(), ("trainer",), ("runs", 0)])
def test_it_is_found_wherever_it_stands(
    name: str, value: object, below: tuple[str | int, ...]
) -> None:
    table: object = {name: value, "lr": 1}
    for key in reversed(below):
        table = [table] if isinstance(key, int) else {key: table}
    found = list(refusals(table, private={"alice"}))
    assert found
    assert all(one.keys[: len(below)] == below for one in found)
    texts = [text for text in (name, value) if isinstance(text, str) and len(text) > 30]
    assert not [one for one in found for text in texts if text in f"{one.where} {one.reason}"]


@pytest.mark.parametrize(("name", "value"), HONEST)
def test_what_honest_configurations_hold_passes(name: str, value: object) -> None:
    assert said(name, value) == []
    assert published({name: value}, private={"alice"}) == ({name: value}, ())


@pytest.mark.parametrize(("name", "value"), [*SECRETS, *PLACES, *HOSTS])
def test_what_is_dropped_is_named_and_nothing_else_is(name: str, value: object) -> None:
    table = {"lr": 1, "inner": {name: value, "seed": 7}}
    kept, dropped = published(table, private={"alice"})
    assert kept["lr"] == 1
    assert isinstance(kept["inner"], dict)
    assert kept["inner"]["seed"] == 7
    assert dropped
    assert all(one.startswith("inner") for one in dropped)
    assert not list(refusals(kept, private={"alice"}))


def test_a_value_is_left_out_by_the_name_that_its_refusal_has() -> None:
    table = {"models": [{"model": "/mnt/a", "weight": 1}], "out": "~/x", "lr": 1}
    names = [found.where for found in refusals(table)]
    assert names == ["models[0].model", "out"]
    assert without(table, [*names, "else"]) == ({"models": [{"weight": 1}], "lr": 1}, ("else",))


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (["--token=a1b2c3"], "a1b2c3"),
        (["--token", "abcdefgh"], "abcdefgh"),
        (["--user", "admin:hunter2"], "hunter2"),
        (["--basic-auth=admin:hunter2"], "hunter2"),
        (["--pass", "hunter2"], "hunter2"),
        (["--authtoken=abcdef"], "abcdef"),
        (["--hf-pat", "abcdef"], "abcdef"),
        (['{"api_key":"abcdef"}'], "abcdef"),
        (['--report={"hub": {"token": "abcdef"}}'], "abcdef"),
        (["+trainer.token=abcdef"], "abcdef"),
        (["env", "DB_PASS=hunter2"], "hunter2"),
        (["env", "AZURE_STORAGE_KEY=abcdef=="], "abcdef"),
        (["wandb", "login", "abcdef"], "abcdef"),
        (["bash", "-c", "PGPASSWORD=hunter2 python t.py"], "hunter2"),
        (["bash", "-c", "curl -u ann:hunter2 x; python t.py"], "hunter2"),
        (["bash", "-c", "curl -H 'Authorization: Basic YWRtaW4=' x"], "YWRtaW4="),
        (["bash", "-c", "HF_TOKEN='a b' python t.py"], "a b"),
        (["bash", "-c", "export TOKEN=abcdef; python t.py"], "abcdef"),
        (["bash", "-c", 'python t.py --cfg "{\\"api_key\\": \\"abcdef\\"}"'], "abcdef"),
        (["--master_addr=gpu17"], "gpu17"),
        (["--rdzv-endpoint", "gpu17:29400"], "gpu17"),
        (["ssh", "ann@gpu17"], "gpu17"),
        (["--data=/x9/ann/data"], "/x9"),
    ],
)
@pytest.mark.parametrize("before", [[], ["python", "t.py", "--lr", "1"]])
def test_no_word_of_a_command_hands_on_a_secret(
    words: list[str], secret: str, before: list[str]
) -> None:
    said = publishable([*before, *words, "--seed", "7"], "/w", frozenset())
    assert secret not in " ".join(said)
    assert said[: len(before)] == before
    assert said[-2:] == ["--seed", "7"]
    assert list(refusals({"command": said})) == []


@pytest.mark.parametrize(
    ("folder", "word", "said"),
    [
        ("/", "/home/ann/x/train.py", "<removed>"),
        ("/", "--data=/mnt/secret/d", "<removed>"),
        ("/work", "/gpfs2/work/ann/train.py", "<removed>"),
        ("/work", "/work/train.py", "train.py"),
        ("/work", "--data=/work/d", "--data=d"),
    ],
)
def test_a_path_is_relative_to_the_folder_or_left_out(folder: str, word: str, said: str) -> None:
    assert publishable(["python", word], folder, frozenset()) == ["python", said]


@pytest.mark.each("reports/**/*config*.[jy]*")
def test_real_configurations_are_refused_for_paths_alone(each: Path) -> None:
    data = each.read_bytes()
    try:
        value = json.loads(data) if each.suffix == ".json" else yaml.loads(data)
    except (Malformed, ValueError):
        return
    assert {found.reason for found in refusals(value)} <= {"a path of this machine"}
