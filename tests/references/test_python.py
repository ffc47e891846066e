"""What Python loads by name: every loader, every way to name what it loads, and what is none."""

from __future__ import annotations

import pytest

from provenance.errors import Malformed
from provenance.references import Document
from tests.references.cases import COMMIT, Found, fixed, found

PIN = f'revision="{COMMIT}"'

LOADERS: dict[str, tuple[str, list[Found], str]] = {
    "a class of transformers": (
        'import transformers\ntransformers.AutoModel.from_pretrained("acme/bot")\n',
        [(2, "acme/bot", "", "pin")],
        f'transformers.AutoModel.from_pretrained("acme/bot", {PIN})',
    ),
    "its own name, and a branch": (
        "from transformers import AutoModel as M\nM.from_pretrained('acme/bot', revision='v1')\n",
        [(2, "acme/bot", "v1", "pin")],
        f"M.from_pretrained('acme/bot', revision='{COMMIT}')",
    ),
    "a tokenizer by a keyword": (
        "from transformers import AutoTokenizer\n"
        'AutoTokenizer.from_pretrained(pretrained_model_name_or_path="acme/bot", use_fast=True)\n',
        [(2, "acme/bot", "", "pin")],
        f'pretrained_model_name_or_path="acme/bot", {PIN}, use_fast=True)',
    ),
    "a pipeline": (
        'from transformers import pipeline\npipeline("text-generation", "acme/bot", device=0)\n',
        [(2, "acme/bot", "", "pin")],
        f'pipeline("text-generation", "acme/bot", {PIN}, device=0)',
    ),
    "a pipeline with another repository's tokenizer": (
        "from transformers import pipeline\n"
        'pipeline("fill-mask", model="acme/bot", tokenizer="acme/tok")\n',
        [(2, "acme/bot", "", "pin"), (2, "acme/tok", "", "hand")],
        f'model="acme/bot", {PIN}, tokenizer="acme/tok")',
    ),
    "a pipeline that chooses for itself": (
        'from transformers import pipeline\npipeline("sentiment-analysis")\n',
        [(2, "", "", "?")],
        "",
    ),
    "a pipeline of what was loaded before": (
        "from transformers import AutoModel, pipeline\n"
        f'm = AutoModel.from_pretrained("acme/bot", {PIN})\n'
        'pipeline("fill-mask", model=m)\n',
        [(2, "acme/bot", COMMIT, "pin")],
        "",
    ),
    "snapshot_download": (
        "import huggingface_hub as h\nh.snapshot_download(repo_id='acme/bot', revision=None)\n",
        [(2, "acme/bot", "", "pin")],
        f"h.snapshot_download(repo_id='acme/bot', revision='{COMMIT}')",
    ),
    "hf_hub_download": (
        'from huggingface_hub import hf_hub_download\nhf_hub_download("acme/bot", "config.json")\n',
        [(2, "acme/bot", "", "pin")],
        f'hf_hub_download("acme/bot", "config.json", {PIN})',
    ),
    "a data set": (
        "from huggingface_hub import snapshot_download\nfrom datasets import load_dataset\n"
        'snapshot_download("acme/data", repo_type="dataset")\nload_dataset("acme/data")\n',
        [(3, "acme/data", "", "aside"), (4, "acme/data", "", "aside")],
        "",
    ),
    "SentenceTransformer": (
        "from sentence_transformers import SentenceTransformer, CrossEncoder\n"
        'SentenceTransformer("acme/embed", trust_remote_code=True)\nCrossEncoder("acme/rank")\n',
        [(2, "acme/embed", "", "pin"), (3, "acme/rank", "", "pin")],
        f'SentenceTransformer("acme/embed", {PIN}, trust_remote_code=True)',
    ),
    "an adapter": (
        "from peft import PeftModel\nPeftModel.from_pretrained(base, 'acme/lora', 'x')\n",
        [(2, "acme/lora", "", "pin")],
        f"PeftModel.from_pretrained(base, 'acme/lora', 'x', revision='{COMMIT}')",
    ),
    "diffusers, and weights upon it": (
        "from diffusers import DiffusionPipeline\n"
        'p = DiffusionPipeline.from_pretrained("acme/paint")\np.load_lora_weights("acme/style")\n',
        [(2, "acme/paint", "", "pin"), (3, "acme/style", "", "hand")],
        f'DiffusionPipeline.from_pretrained("acme/paint", {PIN})',
    ),
    "timm": (
        'import timm\ntimm.create_model("hf_hub:acme/vit@v1", pretrained=True)\n',
        [(2, "acme/vit", "v1", "pin")],
        f'timm.create_model("hf_hub:acme/vit@{COMMIT}", pretrained=True)',
    ),
    "open_clip, which knows no revision": (
        'import open_clip\nopen_clip.create_model_and_transforms("hf-hub:acme/clip")\n',
        [(2, "acme/clip", "", "hand")],
        "",
    ),
    "faster-whisper": (
        'from faster_whisper import WhisperModel\nWhisperModel("acme/ear", device="cpu")\n',
        [(2, "acme/ear", "", "pin")],
        f'WhisperModel("acme/ear", {PIN}, device="cpu")',
    ),
    "vLLM, with another repository's tokenizer": (
        'import vllm\nvllm.LLM(model="acme/bot", tokenizer="acme/tok")\n',
        [(2, "acme/bot", "", "pin"), (2, "acme/tok", "", "pin")],
        f'LLM(model="acme/bot", {PIN}, tokenizer="acme/tok", tokenizer_revision="{COMMIT}")',
    ),
    "vLLM's arguments": (
        'from vllm import AsyncEngineArgs, EngineArgs\nEngineArgs("acme/bot")\n',
        [(2, "acme/bot", "", "pin")],
        f'EngineArgs("acme/bot", {PIN})',
    ),
    "SpeechBrain": (
        "from speechbrain.inference import EncoderASR\n"
        'EncoderASR.from_hparams(source="acme/ear")\n'
        f'EncoderASR.from_hparams(source="acme/ear", fetch_config=FetchConfig({PIN}))\n',
        [(2, "acme/ear", "", "hand"), (3, "acme/ear", COMMIT, "hand")],
        "",
    ),
    "llama_cpp, which knows no revision": (
        'from llama_cpp import Llama\nLlama.from_pretrained(repo_id="acme/gguf", filename="*")\n',
        [(2, "acme/gguf", "", "hand")],
        "",
    ),
    "a class of nobody knows whom": (
        'from .own import Bot\nBot.from_pretrained("acme/bot")\n',
        [(2, "acme/bot", "", "hand")],
        "",
    ),
    "another hub": (
        "from modelscope import snapshot_download\nsnapshot_download('acme/bot')\n",
        [],
        "",
    ),
    "a notebook's cell without imports": (
        'pipeline("fill-mask", model="acme/bot")\n',
        [(1, "acme/bot", "", "hand")],
        "",
    ),
}
"""A module, what it loads, and a part of it after it was pinned: empty if it stays as it is."""


@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_is_known_and_pinned(name: str) -> None:
    text, rows, after = LOADERS[name]
    assert found("Python", text) == rows
    made = fixed("Python", text)
    assert after in made if after else made == text


HEAD = "from transformers import AutoModel\n"
NAMES: dict[str, tuple[str, list[Found]]] = {
    "a constant": ('MODEL = "acme/bot"\nL(MODEL)', [(3, "acme/bot", "", "pin")]),
    "an annotated one": ('M: str = "acme/bot"\ndef f():\n    L(M)', [(4, "acme/bot", "", "pin")]),
    "in the function": ('def f():\n    m = "acme/bot"\n    L(m)', [(4, "acme/bot", "", "pin")]),
    "of a constant": ('A = "acme"\nL(A + "/" + "bot")', [(3, "acme/bot", "", "pin")]),
    "formatted": ('A = "acme"\nL(f"{A}/bot")', [(3, "acme/bot", "", "pin")]),
    "assigned twice": ('M = "acme/bot"\nM = "acme/b"\nL(M)', [(4, "", "", "?")]),
    "assigned by a function": (
        'M = "acme/bot"\ndef f():\n    global M\n    M = "x/y"\nL(M)',
        [(6, "", "", "?")],
    ),
    "of a loop": ('for m in ("acme/a", "acme/b"):\n    L(m)', [(3, "", "", "?")]),
    "an argument that hides it": (
        'M = "acme/bot"\ndef f(M):\n    L(M)',
        [(4, "", "", "?")],
    ),
    "a class's own": (
        'class A:\n    M = "acme/bot"\n    def f(self):\n        L(M)',
        [(5, "", "", "?")],
    ),
    "a comprehension's": ('m = "a/b"\n[L(m) for m in x]', [(3, "", "", "?")]),
    "a lambda's": ('m = "a/b"\nf = lambda m: L(m)', [(3, "", "", "?")]),
    "of a command line": ("L(args.model)", [(2, "", "", "?")]),
    "of the environment": ('import os\nL(os.environ.get("M", "acme/bot"))', [(3, "", "", "?")]),
    "a loader by another name": (
        'f = AutoModel.from_pretrained\nf("acme/bot")',
        [(2, "", "", "?")],
    ),
    "a loader that is handed on": (
        'from functools import partial\npartial(AutoModel.from_pretrained, "acme/bot")',
        [(3, "", "", "?")],
    ),
    "a function that is handed on": (
        "from huggingface_hub import snapshot_download as s, hf_hub_download as h\n"
        "map(h, x)\nmap(s, x)",
        [(3, "", "", "?"), (4, "", "", "?")],
    ),
    "a function of the module's own": (
        "def snapshot_download(x): ...\nmap(snapshot_download, x)",
        [],
    ),
    "handed on": ("def f(*a):\n    L(*a)", [(3, "", "", "?")]),
    "handed on by keywords": ("def f(**k):\n    L(**k)", [(3, "", "", "?")]),
    "with keywords handed on": ('def f(**k):\n    L("acme/bot", **k)', [(3, "acme/bot", "", "?")]),
    "with a revision of the run": ('L("acme/bot", revision=rev)', [(2, "acme/bot", "", "?")]),
    "with a constant revision": (
        'R = "v1"\nL("acme/bot", revision=R)',
        [(3, "acme/bot", "v1", "hand")],
    ),
    "without an organisation": ('L("bert-base-uncased")', [(2, "bert-base-uncased", "", "pin")]),
    "a page": ('L("https://huggingface.co/acme/bot")', [(2, "acme/bot", "", "pin")]),
    "a path": ('L("./acme/bot")\nL("/models/bot")\nL("~/bot")\nL("a/b/c")\nL("..")', []),
    "a Windows path": (r'L("C:\\models\\bot")', []),
    "nothing": ("AutoModel.from_config(config)", []),
}
"""Lines of which `L` is a loader, and what they load."""


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_followed_as_far_as_the_module_tells(name: str) -> None:
    lines, rows = NAMES[name]
    assert found("Python", HEAD + lines.replace("L(", "AutoModel.from_pretrained(") + "\n") == rows


UNREAD: dict[str, tuple[bytes, str]] = {
    "Python 2": (b'print "acme/bot"\n', "line 1"),
    "cut off": (b'M.from_pretrained("acme/bot"\n', "not Python 3"),
    "a null byte": (b'M.from_pretrained("acme/bot")\n\0', "null byte"),
    "no UTF-8": (b'M.from_pretrained("acme/\xff")\n', "encoding"),
    "an encoding that nobody knows": (b"# coding: klingon\n", "encoding"),
    "nested without end": (b"(" * 5_000 + b")" * 5_000, "not Python 3"),
    "a sum without end": (b"x = " + b"1+" * 50_000 + b"1\n", "recursion"),
    "too long": (b"x = 1\n" * 200_000, "bytes"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_says_why(name: str) -> None:
    data, words = UNREAD[name]
    with pytest.raises(Malformed, match=words):
        Document.of("Python", data)


LAYOUTS = {
    "line ends of Windows": b"from transformers import A\r\nA.from_pretrained(\r\n"
    b'    "a/b",  # it\r\n)\r\n',
    "old line ends": b'from transformers import A\rA.from_pretrained("a/b")\r',
    "another encoding": "# coding: latin-1\nfrom transformers import A\n"
    'x = "é"; A.from_pretrained("a/b")  # ü\n'.encode("latin-1"),
    "a mark and wide letters": "\ufefffrom transformers import A\n"
    'x = "日本"; A.from_pretrained("a/b"), "é"\n'.encode(),
    "tabs and form feeds": b"from transformers import A\n"
    b'\x0cif 1:\n\tA.from_pretrained(\t"a/b"\t)\n',
    "in parentheses": b"from transformers import A\n"
    b'A.from_pretrained(pretrained_model_name_or_path=("a/b"))\n',
    "without an end of line": b'from transformers import A\nA.from_pretrained("a/b",)',
    "within another": b"from transformers import A\n"
    b'f(A.from_pretrained("a/b"), A.from_pretrained("a/b"))\n',
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_edit_leaves_every_other_byte(name: str) -> None:
    data = LAYOUTS[name]
    document = Document.of("Python", data)
    edits = dict.fromkeys(range(len(document.references)), COMMIT)
    after, done = document.pinned(edits)
    assert after is not None
    assert done == frozenset(edits)
    assert after.replace(f', revision="{COMMIT}"'.encode(), b"") == data
    again = Document.of("Python", after)
    assert [one.revision for one in again.references] == [COMMIT] * len(edits)
    assert again.pinned(edits)[0] in (None, after)


def test_what_would_become_something_else_is_left() -> None:
    """In parentheses of its own an argument more would make a pair of it."""
    text = 'from transformers import A\nA.from_pretrained(("a/b"))\n'
    assert fixed("Python", text) == text


def test_one_that_cannot_be_pinned_hinders_no_other() -> None:
    text = 'from transformers import A\nA.from_pretrained(("a/b"))\nA.from_pretrained("a/b")\n'
    assert fixed("Python", text).splitlines()[1:] == [
        'A.from_pretrained(("a/b"))',
        f'A.from_pretrained("a/b", {PIN})',
    ]


def test_five_thousand_lines_are_read() -> None:
    text = HEAD + 'x = AutoModel.from_pretrained("acme/bot")\n' * 5_000
    assert len(found("Python", text)) == 5_000
