"""Bytes in, report out, without database, queue or web: the command line calls this directly.

`pipeline` is the way a file takes: `credentials` (and `second_opinion`), `classifier` (decode,
`watermarks`, `media_index`, detectors, `preview`), then `service.reporting`. `source`, `config`,
`progress` and `classified` are what its parts hand to one another.

May import `reporting`, `fetch` and the engines; nothing else of the service.
"""
