"""The questions to a fleet in SQL, and the tables that they are about."""

from __future__ import annotations

ALL = """
CREATE VIEW all_evidence AS
SELECT * FROM no_evidence UNION ALL BY NAME SELECT * FROM some_evidence;
CREATE VIEW all_edges AS
SELECT * FROM no_edges UNION ALL BY NAME SELECT * FROM some_edges;
CREATE VIEW all_files AS
SELECT * FROM no_files UNION ALL BY NAME SELECT * FROM some_files;
CREATE VIEW all_verdicts AS
SELECT * FROM no_verdicts UNION ALL BY NAME SELECT * FROM some_verdicts;
CREATE VIEW all_before AS
SELECT * FROM no_before UNION ALL BY NAME SELECT * FROM some_before;
"""
"""Every row of the files, with columns that an older file may lack."""
MODELS = """
CREATE VIEW models AS
SELECT * EXCLUDE (filename, evidence, "at", gathered_at),
       coalesce(gathered_at, "at") AS gathered_at, parse_filename(filename) AS part
FROM all_evidence
QUALIFY row_number() OVER (PARTITION BY ref ORDER BY filename DESC) = 1
"""
"""Of each model what was gathered last."""
EDGES = """
CREATE VIEW edges AS SELECT e.* EXCLUDE (filename) FROM all_edges e
JOIN models m ON m.ref = e.ref AND m.part = parse_filename(e.filename)
"""
FILES = """
CREATE VIEW files AS SELECT f.* EXCLUDE (filename) FROM all_files f
JOIN models m ON m.ref = f.ref AND m.part = parse_filename(f.filename)
WHERE f.path IS NOT NULL
"""
MADE = """
CREATE VIEW made AS SELECT v.* EXCLUDE (filename, asked, bundles)
FROM all_verdicts v JOIN models m ON m.ref = v.ref AND m.part = parse_filename(v.filename)
"""
"""The verdicts of a run that were made, on what was gathered last."""
VERDICTS = """
CREATE VIEW verdicts AS
SELECT * FROM made UNION ALL BY NAME
SELECT ref, name, repo, commit, manifest, 'not judged' AS result,
       'no verdict in this run: provenance fleet judge makes it' AS reason, '[]' AS findings
FROM models m WHERE NOT EXISTS (SELECT 1 FROM made v WHERE v.ref = m.ref)
"""
"""A row for every model: where the run has no verdict, it says so."""
SIGNERS = "CREATE VIEW signers AS SELECT ref, unnest(signers) AS signer FROM verdicts"
BEFORE = """
CREATE VIEW before AS SELECT * EXCLUDE (filename, asked, bundles) FROM all_before
QUALIFY row_number() OVER (PARTITION BY ref ORDER BY filename DESC) = 1
"""
VIEWS = (ALL, MODELS, EDGES, FILES, MADE, VERDICTS, SIGNERS, BEFORE)
OF_VERDICTS = frozenset({"verdicts", "signers"})
"""The tables that a run which is not complete leaves gaps in."""

DESCENDS = """
WITH RECURSIVE down(repo, path) USING KEY (repo) AS (
    SELECT $1, [$1]
    UNION
    SELECT e.child, min(list_prepend(e.child, d.path))
    FROM edges e JOIN down d ON e.parent = d.repo
    WHERE NOT EXISTS (SELECT 1 FROM recurring.down r WHERE r.repo = e.child)
    GROUP BY e.child
), own AS (
    SELECT ref, coalesce(repo, ref) AS name, missing <> '' AS unread FROM models
), found(ref, path) AS (
    SELECT o.ref, d.path FROM own o JOIN down d ON d.repo = o.name WHERE o.name = $1 OR o.unread
    UNION ALL
    SELECT o.ref, list_prepend(o.name, d.path)
    FROM own o JOIN edges e ON e.ref = o.ref AND e.child = o.name JOIN down d ON d.repo = e.parent
    WHERE o.name <> $1
)
SELECT m.ref, m.repo, m.commit, v.result,
       array_to_string(arg_min(f.path, (len(f.path), f.path)), ' ← ') AS path
FROM models m JOIN found f ON f.ref = m.ref JOIN verdicts v ON v.ref = m.ref
GROUP BY m.ref, m.repo, m.commit, v.result
ORDER BY min(len(f.path)), m.ref
"""
"""A model's first step is by its own evidence: another release of it may be made from something
else. Of what could not be gathered, any evidence on its name counts."""
NEAR = """
SELECT name FROM (
    SELECT parent AS name FROM edges UNION SELECT child FROM edges UNION SELECT repo FROM models
)
WHERE levenshtein(lower(name), lower($1)) <= 1 + len($1) // 5
ORDER BY levenshtein(lower(name), lower($1)), name LIMIT 1
"""
UNKNOWN = "SELECT count(*) FROM models WHERE missing <> ''"
CHANGED = """
SELECT coalesce(v.ref, b.ref) AS ref, b.result AS before, v.result AS now, v.reason
FROM verdicts v FULL JOIN before b ON b.ref = v.ref
WHERE b.result IS DISTINCT FROM v.result OR b.reason IS DISTINCT FROM v.reason
   OR b.rules IS DISTINCT FROM v.rules
ORDER BY 1
"""
REACHED = """
SELECT parse_filename(filename) AS part, list(ref) FROM all_before
WHERE list_has_any(asked, $1) OR (bundles AND $2) OR result = 'not judged'
GROUP BY ALL
"""
LACKING = """
SELECT count(*) FROM models m WHERE NOT EXISTS (SELECT 1 FROM made v WHERE v.ref = m.ref)
"""
COUNTS = "SELECT result, count(*) FROM made GROUP BY ALL"
WORST = """
SELECT ref, result, reason FROM made WHERE result <> 'pass'
ORDER BY CASE result WHEN 'fail' THEN 0 WHEN 'not judged' THEN 1 ELSE 2 END, ref LIMIT $1
"""
