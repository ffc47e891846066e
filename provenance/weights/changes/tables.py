"""The names of what has a row for each token."""

from __future__ import annotations

import re

HEADS = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output)\.weight$")
"""What turns the residual stream to tokens: in many models the table of the tokens itself."""
TABLES = re.compile(
    r"(?:^|[._])(?:embed_tokens|word_embeddings|wte|tok_embeddings|token_embd|embed_in|lm_head"
    r"|embed_out|embeddings|shared|output)\.weight$"
)
