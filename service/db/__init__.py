"""Tables, migrations and the one place that talks SQL; `lifecycle` says what its rows mean.

May import `analysis` and `reporting` for the names of stages and verdicts; nothing above.
"""
