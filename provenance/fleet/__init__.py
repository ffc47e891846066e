"""Many models: gathered once, judged again after every change of registry or policy, asked about.

What was gathered lies in a folder of whoever judges (`store`): evidence as Parquet with large
contents beside it once (`evidence`, `heads`), who is made from whom (`indexes`). A run of `judge`
(`judging`, `running`, `engines`) writes the verdicts of one registry, policy, version and day, one
file for each file of evidence, written aside and renamed: whatever is killed has cost its own work
and lost nothing. `changes` says which verdicts a change can reach, `querying` answers.
"""
