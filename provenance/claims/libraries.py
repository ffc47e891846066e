"""Which names are those of the loaders' own libraries, and run nothing but what is installed.

A class is one where it is reached by a straight way: through no module that a library only holds.
Of functions only those are known here that compute and nothing else; most others run, read or
fetch what they are given. SpeechBrain 1.1.2, spaCy 3.8.7 and thinc 8.3.6 were read in their
wheels, the others are known by their documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from provenance.formats.names import words

LIBRARIES: Mapping[str, str] = {
    "SpeechBrain": r"speechbrain|torchaudio|torch\.(?:nn|optim)",
    "NeMo": r"nemo|nemo_text_processing|megatron\.core",
    "pyannote": r"pyannote\.\w+",
    "latent diffusion": r"ldm|sgm|cldm|taming",
    "Hugging Face": r"diffusers|transformers",
}
"""By loader the packages whose classes its configurations name."""

OWN = re.compile(rf"(?:{'|'.join(LIBRARIES.values())})(?:\.[A-Za-z]\w*)*\.[A-Z]\w*")
PLAIN = re.compile(
    r"torch\.nn\.(?:functional|init)\.[a-z]\w*|speechbrain\.nnet\.[a-z]\w*\.[a-z]\w*"
    r"|speechbrain\.lobes\.models\.\w+\.mel_spectro?gram|sentencepiece\.SentencePieceProcessor"
    r"|speechbrain\.decoders\.(?:ctc\.)?ctc_greedy_decode|speechbrain\.utils\.hparams\.choice"
    r"|speechbrain\.processing\.[a-z]\w*\.[a-z]\w*|numpy\.(?:arange|linspace|ones|zeros)"
    r"|speechbrain\.tokenizers\.SentencePiece\.spm_\w+|speechbrain\.utils\.(?:seed\.)?seed_everything"
    r"|(?:torch(?:\.cuda)?\.manual_seed(?:_all)?|random\.seed|numpy\.random\.seed)"
    r"|torch\.(?:b?float\d+\w*|u?int\d+|half|double|long|bool|complex\d+)"
    r"|builtins\.(?:bool|bytes|complex|dict|float|frozenset|int|list|set|slice|str|tuple)"
)
"""Functions that compute, and types of plain data."""
REACHES = words(
    "asyncio base64 builtins code codecs commands concurrent ctypes dill fileinput functools glob"
    " hub importlib inspect io joblib logging marshal multiprocessing nt os pathlib pdb pickle"
    " pickletools pkgutil platform posix pty requests runpy shelve shutil signal site smtplib"
    " socket subprocess superpowers sys tarfile tempfile threading timeit torch trace types urllib"
    " webbrowser yaml zipfile"
)
"""Modules that a library's module holds as attributes, and through which everything is reached."""

THEIRS = ("nemo.collections.tts.torch.",)
"""Packages of libraries that are called as one of these modules is."""

OF_KERAS = re.compile(r"(?:keras|keras_\w+|tf_keras|tensorflow\.keras|tensorflow)(?:\.\w+)*")
"""Modules of Keras and of its own libraries, as a stored model names them."""
KERAS_CLASS = re.compile(r"(?:\w+>)?[A-Z]\w*")
COMPUTING = words("activations constraints initializers losses metrics ops regularizers")
"""Modules of Keras whose functions only compute."""
LAMBDAS = words("Lambda TFSMLayer TorchModuleWrapper __lambda__")
"""Classes of Keras that hold code, or load it: a function, a graph, a module of PyTorch."""

OF_SPACY = re.compile(
    r"(?:spacy|spacy-legacy|spacy-transformers|spacy-curated-transformers|srsly)\.[\w.-]+"
)
OF_THINC = re.compile(
    r"(?:Adam|CauchySimilarity|CategoricalCrossentropy|ClippedLinear|CosineDistance|Dish"
    r"|Dropout|Embed|Gelu|Hard(?:Sigmoid|Swish|SwishMobilenet|Tanh)|HashEmbed|L2Distance|LSTM"
    r"|LayerNorm|Linear|Logistic|MXNetWrapper|Maxout|Mish|MultiSoftmax|ParametricAttention"
    r"|PyTorch(?:LSTM|RNNWrapper|Wrapper)|RAdam|Relu|ReluK|SGD|SequenceCategoricalCrossentropy"
    r"|Sigmoid|Softmax|SparseLinear|Swish|add|bidirectional|chain|clone|compounding|concatenate"
    r"|constant|constant_then|cyclic_triangular|decaying|expand_window|list2array|list2padded"
    r"|list2ragged|noop|padded2list|premap_ids|ragged2list|reduce_(?:first|last|max|mean|sum)"
    r"|remap_ids|residual|resizable|siamese|slanted_triangular|strings2arrays|tuplify|uniqued"
    r"|warmup_linear|with_(?:array|array2d|cpu|flatten|getitem|list|padded|ragged|reshape)"
    r"|(?:(?:glorot|he|lecun)_(?:normal|uniform)|normal|uniform|zero)_init"
    r"|(?:sigmoid|softmax)_activation)\.v\d+"
)
FACTORIES = words(
    "attribute_ruler beam_ner beam_parser curated_transformer doc_cleaner entity_linker"
    " entity_ruler experimental_coref experimental_span_resolver future_entity_ruler lemmatizer"
    " merge_entities merge_noun_chunks merge_subtokens morphologizer ner nn_labeller parser"
    " sentencizer senter span_finder span_ruler spancat spancat_singlelabel tagger textcat"
    " textcat_multilabel tok2vec token_splitter trainable_lemmatizer transformer"
)
"""Components that spaCy and its own packages bring."""
LANGUAGE = re.compile(r"[a-z]{2,3}")


def is_own(name: str) -> bool:
    """Whether a dotted name is that of a class of a loader's own library, by a straight way."""
    if PLAIN.fullmatch(name):
        return not REACHES & set(name.split(".")[2:])
    inner = next((len(begin) for begin in THEIRS if name.startswith(begin)), 0)
    parts = name[inner:].split(".")[not inner :]
    return OWN.fullmatch(name) is not None and not REACHES & set(parts)


def is_of_keras(module: str, name: str) -> bool:
    """Whether what Keras imports for a stored object is its own, and no code in disguise."""
    if OF_KERAS.fullmatch(module) is None:
        return False
    computes = module.rpartition(".")[2] in COMPUTING and name.isidentifier()
    return computes or KERAS_CLASS.fullmatch(name) is not None


def is_registered(name: str) -> bool:
    """Whether a name in spaCy's registries is one that spaCy or thinc put there."""
    return OF_SPACY.fullmatch(name) is not None or OF_THINC.fullmatch(name) is not None
