"""References in YAML: Kubernetes, Compose, KServe, Helm values, workflows of CI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from provenance.errors import Malformed
from provenance.references import commands, shell
from provenance.references.commands import DYNAMIC, NOWHERE, Follow, Word
from provenance.references.naming import named
from provenance.references.nodes import Many, Node, Scalar, nodes
from provenance.references.reference import COMMIT, Reference, Splice
from provenance.references.words import split

PARTS = ("entrypoint", "command", "args")
"""The keys whose values are one command line, in this order."""
MODELS = frozenset(
    {"modelURL", "modelId", "modelID", "model_id", "model-id", "hfModelId", "hf_model", "hfModel"}
    | {"model_name_or_path", "pretrained_model_name_or_path", "hf_repo", "hfRepo", "repo_id"}
    | {"base_model"}
)
REVISIONS = ("revision", "modelRevision", "model_revision", "hf_revision")
SPEAKS = re.compile(
    r"vllm|sglang|text-generation|text-embeddings|huggingface|\bhf\s|hf://|hf\.co|llama|ollama"
    r"|mlx_lm|-hf\b|--model|--hf-repo|MODEL_ID|from_pretrained|snapshot_download|hf_hub_download"
)
"""Without one of these words a text names nothing that is read here."""
EXPANDED = re.compile(r"\$?\{\{.{0,400}?\}\}|\$\([^)]{0,400}\)|\$\{[^}]{0,400}\}|\$\w+", re.DOTALL)
READS_VARIABLES = re.compile(r"text-generation-inference|text-embeddings-inference")
ITEM = re.compile(r"[ ]*- +")
REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=\r?\n|\Z)")
URI = "hf://"


def references(text: str) -> tuple[Reference, ...]:
    """What a YAML text loads by name, in the order of its lines; Malformed.

    Malformed is passed over where the text has no word of what is read here.
    """
    try:
        found = nodes(text.encode())
    except Malformed:
        if SPEAKS.search(text):
            raise
        return ()
    reader = Reader(text=text, variables={})
    every = [one for node in found for one in reader.read(node, "")]
    every += [*shell.python_inside(text), *shell.texts_inside(text)]
    return tuple(sorted(every, key=lambda one: one.line))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader of the nodes of one text."""

    text: str
    variables: Mapping[str, str]

    def read(self, node: Node, image: str) -> Iterator[Reference]:
        """What a node and all within load by name; `image` is the container's around it."""
        if isinstance(node, Scalar):
            yield from self._scalar(node, image)
        elif node.is_mapping:
            yield from self._mapping(node, _image(node) or image)
        elif node.items and all(isinstance(item, Scalar) for item in node.items):
            yield from self._list(node, image)
        else:
            yield from self._named_variables(node, image)
            for item in node.items:
                yield from self.read(item, image)

    def _named_variables(self, node: Many, image: str) -> Iterator[Reference]:
        """`- name: MODEL_ID` with its value, as Kubernetes has it."""
        items = [item for item in node.items if isinstance(item, Many)]
        known = {item.text("name"): item.value("value") for item in items}
        revision = known.get("REVISION")
        if isinstance(value := known.get("MODEL_ID"), Scalar):
            stated = revision.text if isinstance(revision, Scalar) else ""
            yield from self._variable(value, stated, image)

    def _mapping(self, node: Many, image: str) -> Iterator[Reference]:
        lines = self._command_lines(node)
        for words in lines:
            yield from commands.references(words, image)
        revision = next((one for key, one in node.pairs if key.text in REVISIONS), None)
        for key, value in node.pairs:
            read = key.text in PARTS and any(lines)
            if isinstance(value, Scalar):
                yield from self._pair(node, key, value, image, revision)
            if not read:
                yield from self.read(value, image)
            elif isinstance(value, Many):
                yield from self._nested(value, image)

    def _command_lines(self, node: Many) -> list[list[Word]]:
        """The command that a container or service starts; a text may hold further ones."""
        lines: list[list[Word]] = [[]]
        for part in PARTS:
            for found in [value for key, value in node.pairs if key.text == part]:
                first, *more = self._command(found) if isinstance(found, Scalar) else [[]]
                lines[-1] += first if isinstance(found, Scalar) else self._words(found)
                lines += more
        return [words for words in lines if words]

    def _command(self, node: Scalar) -> list[list[Word]]:
        """The commands of a text; none where it cannot be split, which `_scalar` tells."""
        with suppress(Malformed):
            return self._split(node)
        return [[]]

    def _nested(self, node: Many, image: str) -> Iterator[Reference]:
        """What the texts of a list that are commands themselves load: `sh -c "…"`."""
        for item in node.items:
            if isinstance(item, Scalar) and (_is_command(item.text) or URI in item.text):
                yield from self._scalar(item, image)
            elif isinstance(item, Many):
                yield from self.read(item, image)

    def _pair(
        self, node: Many, key: Scalar, value: Scalar, image: str, revision: Node | None
    ) -> Iterator[Reference]:
        if key.text == "MODEL_ID":
            yield from self._variable(value, node.text("REVISION"), image, key=key)
        elif key.text in MODELS or (key.text == "model" and revision):
            name = named(value.text) if DYNAMIC not in _dynamic(value.text) else None
            if name and name.whole:
                yield self._keyed(key, value, name.repo, revision)

    def _keyed(self, key: Scalar, value: Scalar, repo: str, revision: Node | None) -> Reference:
        base = Reference(line=value.event.line, by=key.text, repo=repo)
        if not isinstance(revision, Scalar):
            return replace(
                base, hand=f"a key beside {key.text} that takes a revision, with {COMMIT}"
            )
        place = self._place(revision)
        splice = Splice(start=place[0], end=place[1]) if place else None
        return replace(base, revision=revision.text, splice=splice, hand=f"revision: {COMMIT}")

    def _variable(
        self, value: Scalar, revision: str, image: str, key: Scalar | None = None
    ) -> Iterator[Reference]:
        """MODEL_ID of a container, with REVISION put beside it where its image reads that."""
        word = self._word(value)
        for one in shell.variable(word, revision, f'REVISION: "{COMMIT}"'):
            certain = key and not revision and READS_VARIABLES.search(image)
            follow = self._line_behind(value, key) if certain and key else None
            splice = None
            if follow:
                before = f'{follow.lead}REVISION: "'
                splice = Splice(start=follow.at, end=follow.at, before=before, after='"')
            yield replace(one, splice=splice)

    def _scalar(self, node: Scalar, image: str) -> Iterator[Reference]:
        text = node.text
        if text.startswith(URI):
            yield from self._uri(node)
        elif any(sign in text for sign in " \n") and SPEAKS.search(text):
            try:
                commands_of = self._split(node)
            except Malformed as error:
                if shell.LOADS.search(text):
                    yield Reference(line=node.event.line, by="a command", unknown=str(error))
                return
            for words in commands_of:
                yield from shell.of_command(words, self.text, image)

    def _uri(self, node: Scalar) -> Iterator[Reference]:
        base = Reference(line=node.event.line, by=URI, hand=f":{COMMIT} behind the name")
        if DYNAMIC in _dynamic(node.text):
            yield replace(base, unknown=f"{commands.BUILT}: {node.text[:60]}")
            return
        mark = "@" if "@" in node.text else ":"
        name = named(node.text.removeprefix(URI), mark=mark)
        if name is None or not name.whole:
            return
        place, splice = self._place(node), None
        if place:
            start = place[0] + len(URI) + len(name.repo)
            splice = Splice(start=start, end=place[1], before=mark)
        yield replace(base, repo=name.repo, revision=name.revision, splice=splice)

    def _list(self, node: Many, image: str) -> Iterator[Reference]:
        yield from self._nested(node, image)
        words = self._words(node)
        if any(word.text.startswith("-") for word in words) or image:
            yield from commands.references(words, image)
        pairs = {word.text.partition("=")[0]: word for word in words if "=" in word.text}
        if "MODEL_ID" in pairs:
            word, revision = pairs["MODEL_ID"], pairs.get("REVISION")
            stated = revision.text.partition("=")[2] if revision else ""
            yield from self._listed(word, stated, image)

    def _listed(self, word: Word, revision: str, image: str) -> Iterator[Reference]:
        for one in shell.variable(word.behind(len("MODEL_ID=")), revision):
            follow = word.follow if READS_VARIABLES.search(image) and not revision else None
            splice = None
            if follow:
                lead = f"{follow.lead}REVISION="
                splice = Splice(start=follow.at, end=follow.at, before=lead, after=follow.trail)
            yield replace(one, splice=splice)

    def _words(self, node: Many) -> list[Word]:
        """The texts of a list as words; those that are whole commands are none."""
        found = []
        for item in node.items if not node.is_mapping else ():
            if isinstance(item, Scalar) and item.text and not _is_command(item.text):
                found.append(replace(self._word(item), follow=self._in_list(node, item)))
        return found

    def _word(self, node: Scalar) -> Word:
        """A text as one word; what only a run could tell is marked."""
        place = self._place(node)
        text = _dynamic(node.text)
        exact = place and text == node.text
        at = tuple(range(*place)) if place and exact else (NOWHERE,) * len(text)
        return Word(text=text, at=at, line=node.event.line)

    def _place(self, node: Scalar) -> tuple[int, int] | None:
        """Where the characters of a text stand as they are, if they do."""
        event = node.event
        if event.kind != "scalar" or event.style in ("|", ">"):
            return None
        quote = len(event.style)
        start, end = event.start + quote, event.end - quote
        return (start, end) if self.text[start:end] == node.text else None

    def _in_list(self, node: Many, item: Scalar) -> Follow | None:
        """How one more item is put behind this one."""
        event = item.event
        if event.kind != "scalar" or event.tag or event.anchor:
            return None
        if node.event.style == "[":
            return Follow(at=event.end, lead=', "', glue="=", trail='"')
        line = self.text.rfind("\n", 0, event.start) + 1
        before = self.text[line : event.start]
        rest = REST.match(self.text, event.end)
        if not ITEM.fullmatch(before) or not rest or event.style in ("|", ">"):
            return None
        return Follow(at=rest.end(), lead=f"{self._ending()}{before}", glue="=")

    def _line_behind(self, value: Scalar, key: Scalar) -> Follow | None:
        """How one more key is put behind this one."""
        line = self.text.rfind("\n", 0, key.event.start) + 1
        before = self.text[line : key.event.start]
        rest = REST.match(self.text, value.event.end)
        if (
            before.strip(" ")
            or not rest
            or value.event.kind != "scalar"
            or value.event.style == "|"
        ):
            return None
        return Follow(at=rest.end(), lead=f"{self._ending()}{before}")

    def _ending(self) -> str:
        line = self.text.find("\n")
        return "\r\n" if line > 0 and self.text[line - 1] == "\r" else "\n"

    def _split(self, node: Scalar) -> list[list[Word]]:
        """The commands of a text, found where they stand; without a place if they do not."""
        event, text = node.event, node.text
        if event.style in ("|", ">") and event.kind == "scalar":
            start = self.text.index("\n", event.start, event.end) + 1
            lines = event.style == "|"
            known = shell.constants(text)
            return split(self.text, start, event.end, lines=lines, variables=known) or [[]]
        inner = (event.start + len(event.style), event.end - len(event.style))
        raw = self.text[slice(*inner)]
        if event.kind == "scalar" and (event.style != '"' or "\\" not in raw) and "''" not in raw:
            return split(self.text, *inner, lines=False) or [[]]
        return [[_displaced(word, event.line) for word in words] for words in _read(text)] or [[]]


def _read(text: str) -> Sequence[list[Word]]:
    return split(text, 0, len(text), variables=shell.constants(text))


def _displaced(word: Word, line: int) -> Word:
    return replace(word, at=(NOWHERE,) * len(word.at), follow=None, line=line)


def _is_command(text: str) -> bool:
    """Whether an item of a list is a whole command, and no word or JSON of one."""
    return len(text.split()) > 1 and not text.startswith(("{", "["))


def _dynamic(text: str) -> str:
    return EXPANDED.sub(DYNAMIC, text)


def _image(node: Many) -> str:
    """The container that a mapping names, of a Helm chart too."""
    found = node.value("image")
    return found.text("repository") if isinstance(found, Many) else node.text("image")
