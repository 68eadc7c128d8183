"""The product around the engines, in the order a file meets its folders.

api, web, cli   doors: HTTP, the page, the command line
scans           a file is taken in, queued, worked on once, kept and forgotten
db              the rows behind that
analysis        bytes in, report out: credentials, decoding, detectors, the index of known media
reporting       what was found becomes evidence, a verdict, one signed document, and its words
rendering       that document as HTML

A folder may import what stands below it here, never above: `doors > scans > db > analysis >
reporting`, with `rendering` beside `analysis`. `app` and `wiring` put the parts together from
`settings`. The contracts in pyproject.toml check this.
"""
