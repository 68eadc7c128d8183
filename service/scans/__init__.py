"""A scan from the door to its end: taken in, queued, worked on once, reported, kept and forgotten.

A reader follows `intake` (bytes arrive), `storage` (where they lie), `use_cases` (what can be
asked of a scan), `queue` and `broker` (how a worker hears of it), `lease` (who works on it),
`reconcile` (whatever died, it gets on). `service.db.lifecycle` names its states.

May import `db`, `analysis` and `reporting`; no door.
"""
