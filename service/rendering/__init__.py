"""Reports and pages as HTML, for the API, the page and `assay check --html`.

`view` works out everything a template shows; `render` fills the templates. May import `reporting`.
"""
