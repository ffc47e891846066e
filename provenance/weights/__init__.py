"""What the bytes of weights say: of which model they are kin, and what was changed in them.

Everything here is pure: bytes come through a `Reader`, which whoever may read files or ask a Hub
hands in. Numbers are NumPy's, in pieces, so that a model of any size takes the memory of one piece.
"""
