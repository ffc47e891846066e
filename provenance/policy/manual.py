"""policy: does what you wrote still mean what you think?

These findings are about your own provenance.toml, not about the model.

Findings:

policy/unused-waiver
    A waiver or exemption that sets nothing aside: it was not needed, it is for other bytes, or it
    has run out. Remove it, or write it anew after looking again. A warning by nature.

policy/foreign-settings
    A provenance.toml on the way up belongs to another user or may be written by everybody. It was
    not used. Name it with --policy if it is yours, or remove it.
"""
