"""Open untrusted media in a child process; hand out bounds-checked arrays."""
