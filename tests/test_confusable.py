"""Names that can be taken for a registered one, and honest names that cannot."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.registry import starter
from provenance.trust.confusable import lookalikes, near_misses, skeleton

ORGS = {namespace: org for org in starter().orgs for namespace in org.namespaces}
REGISTERED = tuple(ORGS)
SHORT = {
    *("01-ai", "BAAI", "Qwen", "Wan-AI", "dmis-lab", "epfl-llm"),
    *("hfl", "klue", "skt", "xai-org", "zai-org"),
}
"""Those of less than five letters, without a last word that decorates."""

LONG = sorted({*REGISTERED} - SHORT)
NAMES = st.text(alphabet=string.ascii_letters + string.digits + "-_.", min_size=1, max_size=20)

ALIKE = """
deepseek-ai     deepseek_ai deepseekai deepseek-a1 DeepSeek-AI d33pseek-ai cleepseek-ai
deepseek-ai     deepseek deepseek-official deepseek-hf deepseek-org deepseeks official-deepseek-ai
mistralai       rnistralai mistral-ai mistraIai m1stralai mistra1ai mistral mistral-team
Qwen            qwen QWEN Qvven QwenLM Qwen-AI qwens Qw3n team-qwen
google          g00gle go0gle googIe goog1e google-ai GoogleAI google_official the-google-ai-labs
meta-llama      meta-1lama metallama Meta-Llama meta.llama rneta-llama meta-llama-official
microsoft       micr0soft rnicrosoft micro5oft microsoft-research Microsoft
openai          openal open-ai OpenAI 0penai opena1 openai-official
EleutherAI      eleuther-ai EleutherAl eleuther
stabilityai     stability stabi1ityai stability-ai stabilityai_
nvidia          nvldia NVIDIA nvidia-labs
CohereLabs      cohere CohereAI cohere-labs
nomic-ai        nomic nomic-labs nomicai norn1c-ai
xai-org         xai x-ai xai-labs
ai21labs        ai21 al21labs ai21-labs
NousResearch    nous nous-research N0usResearch
facebook        faceb00k facebook-official
FacebookAI      facebook-ai
unsloth         unsl0th uns1oth unsloth-ai UnslothAI unsloth-official
arcee-ai        arcee Arcee-AI arcee-labs
Helsinki-NLP    helsinki-nlp HelsinkiNLP He1sinki-NLP
"""
NEAR = """
google          gogle goolge gooogle gooqle 9oogle googlle
deepseek-ai     deepsek-ai deepseeek-ai deepsekai deepseek-aii
meta-llama      metalama meta-lllama met-alama
mistralai       mistralia mistalai mistrall
openai          openia opennai
microsoft       microsft mircosoft
nvidia          nuidia nvida
facebook        facebok
unsloth         unslot unslotth
"""
HONEST = """
TheBloke unsloth bartowski mradermacher lmstudio-community mlx-community lmsys openlm-research
Open-Orca OpenAssistant openchat OpenBuddy open-thoughts open-llm-leaderboard openmmlab
mistral-community meta-math bigscience-workshop bigcode-project deepmind cognitivecomputations
WizardLM teknium argilla HuggingFaceFW hf-internal-testing hfl THUDM baichuan-inc CohereForAI
togethercomputer huggyllama llava-hf runwayml CompVis timm Lightricks tencent-hunyuan ByteDance
AIDC-AI Alibaba-NLP Intel amd arcee-ai anthracite-org Sao10K RWKV state-spaces utter-project
sarvamai SakanaAI pfnet rinna ai4bharat ai-forever speechbrain pyannote suno coqui parler-tts
onnx-community Xenova cross-encoder apple-oss amazon-science epfl-llm LeoLM jondurbin ehartford
turboderp second-state MaziyarPanahi ServiceNow-AI ibm-research ibm-nasa-geospatial Zyphra
inclusionAI PrimeIntellect FreedomIntelligence modelscope simplescaling someone acme
"""


def pairs(table: str) -> list[tuple[str, str]]:
    """The rows `registered name…` of a table, one by one."""
    rows = [line.split() for line in table.strip().splitlines()]
    return [(registered, name) for registered, *given in rows for name in given]


@pytest.mark.parametrize(("registered", "name"), pairs(ALIKE))
def test_a_name_can_be_taken_for_a_registered_one(registered: str, name: str) -> None:
    assert registered in lookalikes(name, REGISTERED)


@pytest.mark.parametrize(("registered", "name"), pairs(NEAR))
def test_a_name_is_one_letter_off_and_no_lookalike(registered: str, name: str) -> None:
    assert lookalikes(name, REGISTERED) == ()
    assert near_misses(name, REGISTERED) == (registered,)


@pytest.mark.parametrize("name", HONEST.split())
def test_an_honest_name_is_neither(name: str) -> None:
    assert (lookalikes(name, REGISTERED), near_misses(name, REGISTERED)) == ((), ())


@pytest.mark.parametrize("name", REGISTERED)
def test_no_registered_name_is_another_in_disguise(name: str) -> None:
    assert lookalikes(name, REGISTERED) == ()
    assert [other for other in near_misses(name, REGISTERED) if ORGS[other] != ORGS[name]] == []


def test_only_one_pair_of_publishers_would_be_confusable_if_one_were_unknown() -> None:
    found = set()
    for name in REGISTERED:
        others = tuple(other for other in REGISTERED if ORGS[other] != ORGS[name])
        found |= {(name, other) for other in lookalikes(name, others) + near_misses(name, others)}
    assert found == {("facebook", "FacebookAI"), ("FacebookAI", "facebook")}


@pytest.mark.parametrize(
    ("name", "registered"),
    [
        ("yai-org", "xai-org"),
        ("Qwan", "Qwen"),
        ("openlm", "openai"),
        ("research", "NousResearch"),
        ("ai", "x-ai"),
        ("google/x", "google"),
        ("datasets", "dataset"),
        ("", "google"),
        ("goo", "google"),
    ],
)
def test_too_little_is_left_in_common(name: str, registered: str) -> None:
    assert lookalikes(name, (registered,)) == near_misses(name, (registered,)) == ()


def test_the_closest_reading_counts() -> None:
    assert lookalikes("acme_ai", ("acme", "acme-ai")) == ("acme-ai",)
    assert set(lookalikes("acme-ai-official", ("acme", "acme-ai"))) == {"acme", "acme-ai"}


@given(NAMES)
def test_a_skeleton_is_its_own(name: str) -> None:
    assert skeleton(skeleton(name)) == skeleton(name)


@given(NAMES, st.sampled_from(REGISTERED))
def test_case_and_separators_carry_no_weight(name: str, registered: str) -> None:
    assert skeleton(name.upper().replace("-", "_")) == skeleton(name)
    assert registered in lookalikes(registered.swapcase(), REGISTERED)


@given(NAMES)
def test_what_is_registered_is_never_its_own_double(name: str) -> None:
    assert name not in lookalikes(name, (*REGISTERED, name))
    assert name not in near_misses(name, (*REGISTERED, name))


@given(st.sampled_from(LONG), st.sampled_from(string.ascii_letters), st.data())
def test_every_edit_of_a_long_name_is_seen(long: str, letter: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(long) - 1))
    replaced = data.draw(st.booleans())
    name = long[:place] + letter + long[place + replaced :]
    assert name == long or lookalikes(name, (long,)) or near_misses(name, (long,))
