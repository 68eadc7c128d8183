"""Published detectors that an operator may pull: their cards and architectures, no weights."""
