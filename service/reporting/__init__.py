"""What was found becomes a report: `evidence`, then `verdict`, in the words of `wording`.

`report` is the one document that everything else is a view of; `pins` says what it depends on,
`signature` vouches for it, `recheck` compares two.

May import the engines' result types and `service.errors`; nothing else of the service.
"""
