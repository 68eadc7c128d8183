"""What to do about a report: `allow`, `review` or `block`, by a document that its owner writes.

`document` is what may be written, `admitted` is a report seen through it, `decide` takes the
action, `library` finds the policies that ship, `replay` counts what another policy would change.
All pure: the same report and policy give the same decision anywhere, at any time.

May import `reporting`, `names`, `errors` and the engines' result types; nothing else of the service.
"""
