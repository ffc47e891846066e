"""One run of the action: judge, annotate, summarise, comment, and end as `fail-on` says.

Inputs come by environment variables only, and nothing of a model's is given to a shell. `run` is
the order of it all; whatever ends it early is a `Stopped`, and everybody is told why.
"""
